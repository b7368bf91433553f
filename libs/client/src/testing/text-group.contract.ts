import { RecordBatchBuilder } from '@moldau/records';
import type { GroupConsumer } from '../core/group/group-consumer.ts';
import type { GroupConsumerOptions } from '../core/group/group-types.ts';
import { serdes } from '../core/serdes.ts';
import type { FakePartition } from './fake-partition.ts';
import { simulate } from './simulation.contract.ts';

export type TextMember = GroupConsumer<string, string>;

/** A member that reads in the background, and what it has read. */
export interface ReadingMember {
  readonly consumer: TextMember;
  readonly values: string[];
  /** Rebalances, as `+topic:partition`, `-…` for revoked and `!…` for lost ones. */
  readonly events: string[];
  /** Resolves when the iteration ends; rejects with what it failed with. */
  readonly done: Promise<void>;
}

/** Appends records with these keys, one batch; each one's value is its place. */
export function appendKeyed(partition: FakePartition | undefined, keys: readonly string[]): void {
  const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
  const from = partition?.end ?? 0;
  keys.forEach((key, index) =>
    builder.append(1_000, Buffer.from(key), Buffer.from(`${key}@${from + index}`), [{ key: 'trace', value: Buffer.from('t') }]),
  );
  partition?.append(builder.build({ compression: 'none' }));
}

/** A simulated cluster and members of the group `readers`, which subscribe to `orders`. */
export function setUpGroup(brokers = 1) {
  const simulation = simulate({ brokers });
  const moldau = simulation.connect();
  const group = simulation.cluster.group('readers');
  const member = (options: Partial<GroupConsumerOptions<string, string>> = {}): TextMember =>
    moldau.consumer({
      group: 'readers',
      ...(options.pattern === undefined ? { topics: ['orders'] } : {}),
      keyDeserializer: serdes.string,
      valueDeserializer: serdes.string,
      ...options,
    });
  const read = (options: Partial<GroupConsumerOptions<string, string>> = {}): ReadingMember => {
    const values: string[] = [];
    const events: string[] = [];
    const consumer = member({
      ...options,
      async onAssigned(partitions) {
        events.push(...partitions.map(({ topic, partition }) => `+${topic}:${partition}`));
        await options.onAssigned?.(partitions);
      },
      async onRevoked(partitions) {
        events.push(...partitions.map(({ topic, partition }) => `-${topic}:${partition}`));
        await options.onRevoked?.(partitions);
      },
      onLost(partitions) {
        events.push(...partitions.map(({ topic, partition }) => `!${topic}:${partition}`));
      },
    });
    const done = (async () => {
      for await (const record of consumer) values.push(record.value ?? '');
    })();
    done.catch(() => {});
    return { consumer, values, events, done };
  };
  /** What is committed for a partition of `orders`. */
  const committed = (partition: number): number | undefined => {
    const topicId = simulation.cluster.topics.get('orders')?.topicId ?? '';
    return group.committed.get(`${topicId}:${partition}`)?.offset;
  };
  return { ...simulation, moldau, group, member, read, committed };
}
