import {
  applyChanges,
  type BrokerImage,
  CONTROLLER_KEY,
  clusterPrefix,
  EMPTY_IMAGE,
  type MetadataImage,
  type MetadataStore,
  type PartitionImage,
  partitionOf,
  type Transaction,
} from '@moldau/cluster';
import type { MemoryMetadataStore } from '@moldau/cluster/memory';
import type { BrokerId, PartitionIndex, TopicId } from '@moldau/kernel';
import type { Trace } from '../run/trace.ts';
import type { CandidateChecker } from './candidate-checker.ts';
import type { Findings } from './findings.ts';

/** Keys that an instance writes without being the controller: the office itself, and its own announcement. */
const OWN_KEYS = ['controller', 'coordinators/'];
const REVISIONS_AT_ONCE = 1_000;
const PREFIX = clusterPrefix('default');

/** A leader epoch of a partition, as it was won. */
interface WonEpoch {
  readonly leader: number;
  readonly leaderBrokerEpoch: number;
}

/** Sees every change of the metadata as it happens, and checks each against the one before. */
export class MetadataChecker {
  readonly #store: MemoryMetadataStore;
  readonly #candidates: CandidateChecker;
  readonly #findings: Findings;
  readonly #trace: Trace;
  readonly #epochs = new Map<string, WonEpoch>();
  /** Who held the office from which revision on; empty for nobody. */
  readonly #controllers: { readonly revision: number; readonly name: string }[] = [{ revision: 0, name: '' }];
  #image: MetadataImage = EMPTY_IMAGE;
  #seen: number;

  constructor(store: MemoryMetadataStore, candidates: CandidateChecker, findings: Findings, trace: Trace) {
    this.#store = store;
    this.#candidates = candidates;
    this.#findings = findings;
    this.#trace = trace;
    this.#seen = store.engine.state.headRevision();
    store.engine.onPublished(() => this.#look());
  }

  get image(): MetadataImage {
    return this.#image;
  }

  /** A broker as it is registered; undefined when it never was. */
  registered(id: number): BrokerImage | undefined {
    return this.#image.brokers.get(id as BrokerId);
  }

  /** Whether all partitions of the topic have a leader and all replicas in sync, and none is being moved. */
  settled(topicId: string): boolean {
    const partitions = this.#image.topics.get(topicId as TopicId)?.partitions;
    return partitions?.every((partition) => partition !== undefined && isSettled(partition)) ?? false;
  }

  /** Who won this leader epoch; undefined when nobody did. */
  wonEpoch(topicId: TopicId, partition: number, leaderEpoch: number): WonEpoch | undefined {
    return this.#epochs.get(`${topicId}/${partition}/${leaderEpoch}`);
  }

  /** The store as one coordinator uses it: whoever changes metadata must hold the office at that revision. */
  observe(store: MetadataStore, name: string): MetadataStore {
    const transact = async (transaction: Transaction): ReturnType<MetadataStore['transact']> => {
      const result = await store.transact(transaction);
      if (result.succeeded && transaction.operations.some(changesMetadata)) this.#checkWriter(name, result.revision);
      return result;
    };
    return {
      get: (key) => store.get(key),
      range: (request) => store.range(request),
      watch: (request, events) => store.watch(request, events),
      lease: (ttlMs, events) => store.lease(ttlMs, events),
      close: () => store.close(),
      transact,
    };
  }

  #checkWriter(name: string, revision: number): void {
    const holder = this.#controllers.findLast((one) => one.revision <= revision)?.name;
    this.#findings.expect(
      holder === name,
      'stale-controller-write',
      () => `${name} wrote revision ${revision}; the controller is ${holder || 'nobody'}`,
    );
  }

  #look(): void {
    for (;;) {
      const changes = this.#store.engine.changesAfter(this.#seen, REVISIONS_AT_ONCE);
      if (changes.length === 0) return;
      for (const { revision, events } of changes) {
        this.#seen = revision;
        const own = events.filter(({ key }) => key.startsWith(PREFIX));
        this.#apply(
          revision,
          own.map((event) => ({ key: event.key.slice(PREFIX.length), value: event.kind === 'put' ? event.value : undefined, revision })),
        );
        if (own.some(({ key }) => key === PREFIX + CONTROLLER_KEY)) this.#noteController(revision);
      }
    }
  }

  #noteController(revision: number): void {
    const name = this.#image.controller?.coordinatorId ?? '';
    this.#controllers.push({ revision, name });
    this.#trace.note('metadata', `revision ${revision}: the controller is ${name || 'nobody'}`);
  }

  #apply(revision: number, changes: Parameters<typeof applyChanges>[2]): void {
    const before = this.#image;
    const { image, delta } = applyChanges(before, revision, changes);
    this.#image = image;
    for (const [topicId, indexes] of delta.partitions) {
      for (const index of indexes)
        this.#checkPartition(topicId, index, partitionOf(before, topicId, index), partitionOf(image, topicId, index));
    }
    for (const id of delta.brokers) {
      const [was, is] = [before.brokers.get(id), image.brokers.get(id)];
      if (is === undefined) continue;
      this.#trace.note('metadata', `revision ${revision}: broker ${id} ${is.fenced ? 'fenced' : 'serves'}, epoch ${is.brokerEpoch}`);
      this.#findings.expect(
        was === undefined || is.brokerEpoch >= was.brokerEpoch,
        'broker-epoch-back',
        () => `broker ${id}: ${was?.brokerEpoch} to ${is.brokerEpoch}`,
      );
    }
  }

  #checkPartition(topicId: TopicId, index: PartitionIndex, was: PartitionImage | undefined, is: PartitionImage | undefined): void {
    if (is === undefined) return;
    const { leader, leaderEpoch, partitionEpoch, isr, elr, replicas, leaderBrokerEpoch } = is;
    const detail = (): string => `partition ${index}: ${describe(was)} to ${describe(is)}`;
    this.#trace.note('metadata', `partition ${index}: ${describe(is)}`);
    const expect = (holds: boolean, name: string): void => this.#findings.expect(holds, name, detail);
    const members = [...isr, ...elr];
    expect(
      members.every((member) => replicas.includes(member)),
      'isr-beyond-replicas',
    );
    expect(leader === undefined || isr.includes(leader), 'leader-not-in-isr');
    if (was !== undefined) {
      expect(leaderEpoch >= was.leaderEpoch, 'leader-epoch-back');
      expect(partitionEpoch > was.partitionEpoch, 'partition-epoch-stands');
      const sameEpoch = leaderEpoch === was.leaderEpoch;
      const moved = leader !== was.leader || leaderBrokerEpoch !== was.leaderBrokerEpoch;
      expect(!sameEpoch || !moved || leader === undefined, 'leader-changed-within-epoch');
      const eligible = [...was.isr, ...was.elr, ...was.lastKnownElr];
      expect(leader === undefined || leader === was.leader || eligible.includes(leader), 'unclean-election');
      expect(is.flush === 'async' || is.lossyEpoch === was.lossyEpoch, 'lossy-epoch');
    }
    if (leader !== undefined) this.#epochs.set(`${topicId}/${index}/${leaderEpoch}`, { leader, leaderBrokerEpoch });
    this.#candidates.check(topicId, index, is);
  }
}

function isSettled({ leader, isr, replicas, adding, removing }: PartitionImage): boolean {
  return leader !== undefined && isr.length === replicas.length && adding.length === 0 && removing.length === 0;
}

function changesMetadata(operation: Transaction['operations'][number]): boolean {
  const key = operation.kind === 'delete-prefix' ? operation.prefix : operation.key;
  return !OWN_KEYS.some((own) => key.slice(PREFIX.length).startsWith(own));
}

function describe(partition: PartitionImage | undefined): string {
  if (partition === undefined) return 'absent';
  const { leader, leaderEpoch, leaderBrokerEpoch, partitionEpoch, isr, elr } = partition;
  return `leader ${leader ?? 'none'} epoch ${leaderEpoch} of life ${leaderBrokerEpoch}, isr [${isr.join(' ')}], elr [${elr.join(' ')}], partition epoch ${partitionEpoch}`;
}
