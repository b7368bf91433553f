import { type BrokerImage, type PartitionImage, type PartitionState, settlePartition, stripRights } from '@moldau/cluster';
import { assert, type BrokerEpoch, type BrokerId, brokerEpoch, type DirectoryId, leaderEpoch, partitionEpoch } from '@moldau/kernel';
import type { IsrProposal } from '../leader/isr-proposals.ts';
import type { CommittedTerms } from '../leader/replica-set.ts';
import type { Mutation } from './mutation.ts';

/** One revision of the cluster's metadata. */
export interface Revision {
  readonly partition: PartitionImage;
  readonly brokers: ReadonlyMap<BrokerId, BrokerImage>;
}

const DIRECTORY = '00000000-0000-4000-8000-000000000001' as DirectoryId;

/** The controller, as far as one partition needs it; its decisions are those of `@moldau/cluster`. */
export class ModelController {
  readonly revisions: Revision[] = [];
  readonly #settings: CommittedTerms;
  readonly #mutation: Mutation | undefined;
  /** Revision of the last registration of each broker. */
  readonly #registered = new Map<BrokerId, number>();
  /** Brokers whose directories were lost, and which have their rights still. */
  readonly #lost = new Set<BrokerId>();
  #unsettled = false;
  #lives = 0;

  constructor(replicas: readonly BrokerId[], settings: Omit<CommittedTerms, 'isr'>, mutation: Mutation | undefined) {
    this.#settings = { ...settings, isr: replicas };
    this.#mutation = mutation;
    const brokers = new Map(replicas.map((id) => [id, brokerImage(id, brokerEpoch(++this.#lives), false)]));
    const leader = replicas[0];
    assert(leader !== undefined, 'a partition has replicas');
    const state: PartitionState = {
      leader,
      leaderEpoch: leaderEpoch(0),
      partitionEpoch: partitionEpoch(0),
      leaderBrokerEpoch: brokerEpoch(1),
      replicas,
      isr: replicas,
      elr: [],
      lastKnownElr: [],
      lastKnownEnds: [],
      lossyEpoch: undefined,
      minIsr: settings.minIsr,
      flush: settings.flush,
      adding: [],
      removing: [],
    };
    this.revisions.push({ partition: imageOf(state), brokers });
    for (const id of replicas) this.#registered.set(id, 0);
  }

  get latest(): Revision {
    const latest = this.revisions.at(-1);
    assert(latest !== undefined, 'there is metadata');
    return latest;
  }

  /** A new life of a broker: fenced, until `unfence`. */
  register(id: BrokerId, directoryLost: boolean): BrokerEpoch {
    const life = brokerEpoch(++this.#lives);
    this.#setBroker(brokerImage(id, life, true));
    this.#registered.set(id, this.revisions.length - 1);
    if (directoryLost) this.#lost.add(id);
    return life;
  }

  hasRegistered(id: BrokerId, revision: number): boolean {
    return revision >= (this.#registered.get(id) ?? 0);
  }

  /** Whether a broker whose directory was lost may have rights still. */
  isLost(id: BrokerId): boolean {
    return this.#lost.has(id);
  }

  change(id: BrokerId, change: Partial<Pick<BrokerImage, 'fenced' | 'shuttingDown'>>): void {
    const broker = this.latest.brokers.get(id);
    assert(broker !== undefined, 'brokers are registered', { id });
    this.#setBroker({ ...broker, ...change });
  }

  /** A broker serves only when its partitions have been settled without it. */
  unfence(id: BrokerId): void {
    this.settle();
    this.change(id, { fenced: false });
    this.settle();
  }

  /** What follows for the partition from changes of its brokers. */
  settle(): void {
    if (!this.#unsettled) return;
    this.#unsettled = false;
    const { brokers } = this.latest;
    for (const id of this.#lost) {
      const stripped = stripRights(this.latest.partition, id, brokers);
      if (stripped !== undefined) this.#setPartition(stripped);
    }
    this.#lost.clear();
    const settled = settlePartition(this.latest.partition, brokers, this.#settings);
    if (settled !== undefined) this.#setPartition(settled);
  }

  alter(leader: BrokerId, life: BrokerEpoch, proposal: IsrProposal): 'taken' | 'refused' {
    const { partition, brokers } = this.latest;
    const leads = partition.leader === leader && partition.leaderEpoch === proposal.leaderEpoch;
    if (!leads || partition.leaderBrokerEpoch !== life) return 'refused';
    if (this.#mutation !== 'uncheckedPartitionEpoch' && partition.partitionEpoch !== proposal.partitionEpoch) return 'refused';
    const eligible = proposal.isr.every((member) => {
      const broker = brokers.get(member.brokerId);
      const present = broker?.brokerEpoch === member.brokerEpoch || this.#mutation === 'uncheckedLife';
      return broker?.fenced === false && present && (!broker.shuttingDown || partition.isr.includes(member.brokerId));
    });
    if (!eligible) return 'refused';
    const isr = partition.replicas.filter((id) => proposal.isr.some(({ brokerId }) => brokerId === id));
    const rest = [...new Set([...partition.elr, ...partition.isr])].filter((id) => !isr.includes(id));
    const elr = isr.length < partition.minIsr ? rest : [];
    this.#setPartition({ ...partition, isr, elr, lastKnownElr: [], partitionEpoch: partitionEpoch(partition.partitionEpoch + 1) });
    return 'taken';
  }

  #setBroker(broker: BrokerImage): void {
    this.#unsettled = true;
    const { partition, brokers } = this.latest;
    this.revisions.push({ partition, brokers: new Map([...brokers, [broker.brokerId, broker]]) });
  }

  #setPartition(state: PartitionState): void {
    this.revisions.push({ partition: imageOf(state), brokers: this.latest.brokers });
  }
}

function imageOf(state: PartitionState): PartitionImage {
  return { ...state, bytes: new Uint8Array(), modRevision: 0 };
}

function brokerImage(id: BrokerId, life: BrokerEpoch, fenced: boolean): BrokerImage {
  return {
    brokerId: id,
    directoryId: DIRECTORY,
    incarnationId: DIRECTORY,
    endpoints: new Map(),
    rack: undefined,
    fenced,
    cordoned: false,
    shuttingDown: false,
    draining: false,
    slowDisk: false,
    brokerEpoch: life,
    softwareVersion: '',
    bytes: new Uint8Array(),
    modRevision: 0,
  };
}
