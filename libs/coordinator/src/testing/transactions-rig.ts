import { applyChanges, clusterPrefix, EMPTY_IMAGE, encodePartition, encodeTopic, partitionRecordKey, topicKey } from '@moldau/cluster';
import { createMemoryMetadataStore } from '@moldau/cluster/memory';
import {
  type BrokerId,
  brokerEpoch,
  brokerId,
  type Channel,
  type EncodedRecord,
  leaderEpoch,
  MoldauError,
  type Namespace,
  partitionEpoch,
  partitionIndex,
  type TopicId,
  topicId,
} from '@moldau/kernel';
import {
  type AllocateProducerIdsResponse,
  decodeMessage,
  type EndStagedOffsets,
  encodeMessage,
  errorToItem,
  type ItemError,
  partitionService,
  type ShardAnswer,
  type ShardCall,
  type TransactionMarker,
} from '@moldau/protocol';
import { FakeShard } from '@moldau/shards/testing';
import { RecordingLogger, RecordingMeter, SeededIds, SeededRandom, SimScheduler } from '@moldau/testkit';
import type { ImageListener } from '../image-keeper.ts';
import type { ShardCallContext, ShardKindContext } from '../shards/shard-kind.ts';
import type { TransactionMachine } from '../transactions/transaction-machine.ts';
import { createTransactionShards } from '../transactions/transaction-shards.ts';

export const TOPIC = topicId('00000000-0000-4000-8000-000000000001');
const NAMESPACE = 'default' as Namespace;
const TIMEOUT_MS = 10_000;

type Call = NonNullable<ShardCall['call']>;
type RequestOf<Case extends Call['$case']> = Extract<Call, { readonly $case: Case }>['value'];

/** A marker as a broker heard it. */
export interface HeardMarker extends TransactionMarker {
  readonly broker: number;
}

/** One shard of transactions on a fake log, with brokers and groups that answer as told, in virtual time. */
export class TransactionsRig {
  readonly scheduler = new SimScheduler();
  readonly store = createMemoryMetadataStore({ clock: this.scheduler.clock, scheduler: this.scheduler, random: new SeededRandom(1) });
  readonly heard: HeardMarker[] = [];
  readonly ends: EndStagedOffsets[] = [];
  /** Calls of WriteMarkers. */
  calls = 0;
  /** Blocks of producer ids that were asked for. */
  blocks = 0;
  /** What a broker makes of a marker in a partition; undefined: it is committed. */
  refuse: (broker: number, partition: number) => string | undefined = () => undefined;
  /** Keeps brokers from answering until it resolves. */
  brokersWait: Promise<void> = Promise.resolve();
  readonly definition: ReturnType<typeof createTransactionShards>;
  shard: FakeShard<TransactionMachine>;
  readonly #listeners = new Set<ImageListener>();
  #image = EMPTY_IMAGE;

  constructor() {
    this.definition = createTransactionShards(this.#context());
    this.shard = this.load(1, []);
  }

  /** The shard in an epoch of its owner, from its records. */
  load(shardEpoch: number, records: readonly EncodedRecord[]): FakeShard<TransactionMachine> {
    const machine = this.definition.createMachine({ index: 0, shardEpoch });
    const now = () => ({ monotonicMs: this.scheduler.clock.monotonicMs(), wallMs: this.scheduler.clock.wallMs() });
    this.shard = new FakeShard({ machine, now, records });
    this.definition.activated?.(this.shard);
    return this.shard;
  }

  /** Partitions of the topic with these leaders; undefined: it has none. Without any the topic is gone from the image. */
  lead(...leaders: readonly (number | undefined)[]): void {
    const changes = leaders.map((leader, index) => ({
      key: partitionRecordKey(TOPIC, partitionIndex(index)),
      value: partitionBytes(leader),
      revision: 1,
    }));
    const names = { topicId: TOPIC, namespace: NAMESPACE, name: 't' as never };
    const counts = { partitionCount: leaders.length, readyPartitions: leaders.length, replicationFactor: 1 };
    const value = encodeTopic({ ...names, ...counts, createdAtMs: 0, internal: false, state: 'active' }, undefined);
    const { image, delta } = applyChanges(
      EMPTY_IMAGE,
      1,
      leaders.length === 0 ? [] : [{ key: topicKey(TOPIC), value, revision: 1 }, ...changes],
    );
    this.#image = image;
    for (const listener of this.#listeners) listener.changed(image, delta);
  }

  /** The topic's key in the store, whatever the image says. */
  async storeTopic(): Promise<void> {
    const { store } = this.store.connect(this.scheduler.createProcess());
    const key = clusterPrefix('test') + topicKey(TOPIC);
    await this.scheduler.until(store.transact({ comparisons: [], operations: [{ kind: 'put', key, value: new Uint8Array(1) }] }));
  }

  /** Runs the call to its end in virtual time. */
  call<Case extends Call['$case']>(kind: Case, value: RequestOf<Case>, context: Partial<ShardCallContext> = {}): Promise<never> {
    return this.scheduler.until(this.send<Case>(kind, value, context));
  }

  /** Its answer is what the test expects it to be. */
  send<Case extends Call['$case']>(kind: Case, value: RequestOf<Case>, context: Partial<ShardCallContext> = {}): Promise<never> {
    const handler = this.definition.calls[kind] as unknown as (shard: unknown, request: unknown, context: unknown) => Promise<never>;
    const origin = { principal: '', namespace: NAMESPACE, clientId: '', clientHost: '', traceparent: '' };
    return handler(this.shard, value, { namespace: NAMESPACE, origin, timeoutMs: TIMEOUT_MS, ...context });
  }

  #context(): ShardKindContext<TransactionMachine> {
    const process = this.scheduler.createProcess();
    const random = new SeededRandom(1);
    const unused = (): never => {
      throw new Error('not used here');
    };
    const deps = {
      store: this.store.connect(process).store,
      clock: process.clock,
      scheduler: process.scheduler,
      random,
      ids: new SeededIds(random),
      logger: new RecordingLogger(),
      meter: new RecordingMeter(),
      connector: { connect: unused },
    };
    return {
      deps: deps,
      settings: { coordinatorId: 'c0', clusterName: 'test' } as never,
      metadata: {
        image: () => this.#image,
        listen: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      },
      shards: { get: () => this.shard, all: () => [this.shard] },
      calls: {
        callNamed: unused,
        callShard: (async (_shard: number, call: Call): Promise<ShardAnswer['answer']> => {
          if (call.$case === 'endStagedOffsets') this.ends.push(call.value);
          return undefined;
        }) as never,
        shards: () => 1,
        shardOf: () => 0,
        exist: () => true,
        openMember: unused,
      },
      brokers: { channel: (broker) => this.#channel(broker) },
      controller: { call: (async (): Promise<AllocateProducerIdsResponse> => this.#allocate()) as never },
    };
  }

  #allocate(): AllocateProducerIdsResponse {
    this.blocks += 1;
    return { firstProducerId: this.blocks * 1000, count: 1000 };
  }

  #channel(broker: BrokerId): Channel {
    return {
      unary: async (_path, bytes) => {
        await this.brokersWait;
        const { markers } = decodeMessage(partitionService.writeMarkers.request, bytes);
        this.calls += 1;
        const results = markers.flatMap((marker) => {
          this.heard.push({ ...marker, broker });
          return marker.partitions.flatMap(({ partitions }) =>
            partitions.map((partition) => ({ error: this.#errorOf(broker, partition) })),
          );
        });
        return encodeMessage(partitionService.writeMarkers.response, { results });
      },
      stream: () => {
        throw new Error('not used here');
      },
      close: () => {},
    };
  }

  #errorOf(broker: number, partition: number): ItemError | undefined {
    const reason = this.refuse(broker, partition);
    return reason === undefined ? undefined : errorToItem(new MoldauError(reason as 'NOT_LEADER', 'as the test says', {}));
  }
}

function partitionBytes(leader: number | undefined): Uint8Array {
  const replicas = [brokerId(1), brokerId(2), brokerId(3)];
  const epochs = { leaderEpoch: leaderEpoch(0), partitionEpoch: partitionEpoch(0), leaderBrokerEpoch: brokerEpoch(1) };
  const lists = { isr: replicas, elr: [], lastKnownElr: [], lastKnownEnds: [], adding: [], removing: [] };
  const state = { ...epochs, ...lists, replicas, minIsr: 1, flush: 'sync', lossyEpoch: undefined } as const;
  return encodePartition({ ...state, leader: leader === undefined ? undefined : brokerId(leader) }, undefined);
}

export function partitionsOf(...partitions: number[]): { readonly topicId: TopicId; readonly partitions: number[] }[] {
  return [{ topicId: TOPIC, partitions }];
}
