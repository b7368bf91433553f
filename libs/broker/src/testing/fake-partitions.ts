import { MoldauError } from '@moldau/kernel';
import { decodeMessage, encodeMessage, errorToItem, FlushMode, type IsrProposal, type IsrResult, PartitionRecord } from '@moldau/protocol';
import { type FakeTopicOptions, partitionRecord } from './fake-topic.ts';

/** What the records of partitions need of the controller. */
export interface FakePartitionsDeps {
  brokerEpoch(brokerId: number): number;
  mayJoin(brokerId: number, epoch: number): boolean;
  write(values: Readonly<Record<string, Uint8Array>>): void;
}

/** The records of partitions of a fake controller: set by a test, changed by what leaders propose. */
export class FakePartitions {
  /** While set, proposals are refused with it. */
  refusal: MoldauError | undefined;
  /** Proposals that came, taken or not. */
  readonly proposals: IsrProposal[] = [];
  readonly #deps: FakePartitionsDeps;
  readonly #records = new Map<string, PartitionRecord>();

  constructor(deps: FakePartitionsDeps) {
    this.#deps = deps;
  }

  record(topicId: string, index = 0): PartitionRecord {
    const record = this.#records.get(keyOf(topicId, index));
    if (record === undefined) throw new Error(`no partition ${index} of ${topicId}`);
    return record;
  }

  /** A record made anew, to be written: all replicas are in sync. */
  set(topicId: string, index: number, leaderEpoch: number, options: FakeTopicOptions): Record<string, Uint8Array> {
    const key = keyOf(topicId, index);
    const leader = options.leader ?? 1;
    const made = decodeMessage(PartitionRecord, partitionRecord(options, leaderEpoch, this.#deps.brokerEpoch(leader)));
    return this.#note(key, { ...made, partitionEpoch: (this.#records.get(key)?.partitionEpoch ?? 0) + 1 });
  }

  /** Elects a leader, in a new leader epoch, with this ISR. */
  elect(topicId: string, leader: number, isr: readonly number[], index = 0): void {
    const record = this.record(topicId, index);
    const leaderBrokerEpoch = this.#deps.brokerEpoch(leader);
    this.change(topicId, { leader, leaderBrokerEpoch, leaderEpoch: record.leaderEpoch + 1, isr: [...isr] }, index);
  }

  /** Changes a record, in a new partition epoch. */
  change(topicId: string, change: Partial<PartitionRecord>, index = 0): void {
    const record = this.record(topicId, index);
    this.#deps.write(this.#note(keyOf(topicId, index), { ...record, ...change, partitionEpoch: record.partitionEpoch + 1 }));
  }

  /** Takes all rights from a damaged replica; where it led, the next of the ISR does. */
  condemn(topicId: string, index: number, brokerId: number): void {
    const { isr, leader } = this.record(topicId, index);
    const left = isr.filter((id) => id !== brokerId);
    const [next] = left;
    if (leader === brokerId && next !== undefined) this.elect(topicId, next, left, index);
    else this.change(topicId, { isr: left }, index);
  }

  alter(proposal: IsrProposal): IsrResult {
    this.proposals.push(proposal);
    const { topicId, partition, leaderEpoch, partitionEpoch, isr } = proposal;
    const record = this.record(topicId, partition);
    const refused = (error: MoldauError): IsrResult => ({ error: errorToItem(error), partitionEpoch: 0 });
    if (this.refusal !== undefined) return refused(this.refusal);
    if (leaderEpoch !== record.leaderEpoch) return refused(new MoldauError('FENCED_LEADER_EPOCH', 'another leader', {}));
    if (partitionEpoch !== record.partitionEpoch) return refused(new MoldauError('CONCURRENT_CHANGE', 'another record', {}));
    if (!isr.every((member) => this.#deps.mayJoin(member.brokerId, member.brokerEpoch))) {
      return refused(new MoldauError('INELIGIBLE_REPLICA', 'a member may not join', {}));
    }
    const flush = proposal.allFlushed && record.flush === FlushMode.SYNCING ? FlushMode.SYNC : record.flush;
    this.change(topicId, { isr: isr.map((member) => member.brokerId), flush }, partition);
    return { error: undefined, partitionEpoch: partitionEpoch + 1 };
  }

  #note(key: string, record: PartitionRecord): Record<string, Uint8Array> {
    this.#records.set(key, record);
    return { [key]: encodeMessage(PartitionRecord, record) };
  }
}

function keyOf(topicId: string, index: number): string {
  return `partitions/${topicId}/${index}`;
}
