import type { GroupConsumer, Moldau, MoldauError } from '@moldau/client';
import type { SlotOwners } from '../../core/choose-slots.ts';
import type { WorkerClusterNames } from '../../core/names.ts';

/** How long a worker may take to end what it runs for slots that go to others; half of it goes to tasks in good order. */
const REBALANCE_TIMEOUT_MS = 20_000;

/** A worker as its group knows it. */
export interface KnownWorker {
  readonly workerId: string;
  readonly restUrl: string;
  readonly slots: readonly number[];
}

export interface SlotEvents {
  /** These slots are this worker's now. */
  gained(slots: readonly number[], epoch: number): Promise<void>;
  /** They are about to go: whatever is mapped to them has to end before this resolves. */
  losing(slots: readonly number[]): Promise<void>;
  /** They are gone already, and somebody else may run what is mapped to them. */
  lost(slots: readonly number[], cause: MoldauError): Promise<void>;
}

export interface SlotMember {
  /** Rises with each change of what it holds; fences its tasks' statuses. */
  readonly epoch: number;
  /** Ends when closed; rejects when it can't go on. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** The worker's membership: it holds slots as any consumer holds partitions, and there is nothing in them to read. */
export function joinSlots(
  moldau: Moldau,
  names: WorkerClusterNames,
  worker: { readonly workerId: string; readonly restUrl: string },
  events: SlotEvents,
): SlotMember {
  const indexes = (partitions: readonly { readonly partition: number }[]): readonly number[] =>
    partitions.map(({ partition }) => partition);
  const consumer: GroupConsumer = moldau.consumer({
    group: names.group,
    topics: [names.slots],
    from: 'latest',
    autoCommit: false,
    rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
    metadata: Buffer.from(JSON.stringify(worker)),
    onAssigned: async (partitions) => {
      consumer.pause(...partitions);
      await events.gained(indexes(partitions), consumer.groupIdentity().memberEpoch);
    },
    onRevoked: (partitions) => events.losing(indexes(partitions)),
    onLost: (partitions, cause) => events.lost(indexes(partitions), cause),
  });
  return {
    get epoch(): number {
      return consumer.groupIdentity().memberEpoch;
    },
    async run(): Promise<void> {
      // Slots have no records: this waits for as long as the membership lasts.
      for await (const _batch of consumer.batches());
    },
    close: () => consumer.close({ timeoutMs: REBALANCE_TIMEOUT_MS }),
  };
}

/** The living workers, by id. */
export async function describeWorkers(moldau: Moldau, names: WorkerClusterNames): Promise<readonly KnownWorker[]> {
  const [result] = await moldau.admin().describeGroups([names.group]);
  if (result?.group === undefined) return [];
  const workers = result.group.members.map(({ metadata, assigned }): KnownWorker => {
    const said = JSON.parse(Buffer.from(metadata).toString('utf8')) as Partial<KnownWorker>;
    return { workerId: String(said.workerId), restUrl: String(said.restUrl), slots: assigned.map(({ partition }) => partition) };
  });
  return workers.sort((one, other) => (one.workerId < other.workerId ? -1 : 1));
}

export function ownersOf(workers: readonly KnownWorker[]): SlotOwners {
  return new Map(workers.flatMap(({ workerId, slots }) => slots.map((slot) => [slot, workerId] as const)));
}
