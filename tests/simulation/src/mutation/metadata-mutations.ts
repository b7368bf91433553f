import { clusterPrefix, type MetadataStore, type Operation, parseKey, type WatchEvents } from '@moldau/cluster';
import { type BrokerId, type CallHandlers, type Channel, type Connector, MoldauError } from '@moldau/kernel';
import {
  type AlterPartitionsRequest,
  BrokerRecord,
  type BrokerSessionRequest,
  coordinatorService,
  decodeMessage,
  encodeMessage,
  errorToItem,
  type MetadataEntry,
  PartitionRecord,
  type StreamMetadataResponse,
} from '@moldau/protocol';
import type { ClusterView } from './mutation.ts';
import { rewriteAnswers, rewriteCalls } from './rewritten-calls.ts';

const PREFIX = clusterPrefix('default');
const SKIPPED_OF = 7;

/** A controller that trusts its lease: no write compares the key of the office. */
export function trustsLease(store: MetadataStore): MetadataStore {
  return {
    ...methodsOf(store),
    transact: ({ comparisons, operations }) =>
      store.transact({ comparisons: comparisons.filter(({ kind }) => kind !== 'created-at'), operations }),
  };
}

/** One revision in seven is never told to watchers. */
export function skipsRevisions(store: MetadataStore): MetadataStore {
  return {
    ...methodsOf(store),
    watch(request, events) {
      const skipping: WatchEvents = {
        revision: (changes) => {
          if (changes.revision % SKIPPED_OF !== 0) events.revision(changes);
        },
        progress: (revision) => events.progress(revision),
        compacted: (error) => events.compacted(error),
      };
      return store.watch(request, skipping);
    },
  };
}

/** A partition that would have no leader gets the first replica that serves, whatever it holds. */
export function electsAnyone(store: MetadataStore): MetadataStore {
  return {
    ...methodsOf(store),
    async transact({ comparisons, operations }) {
      if (!operations.some(leavesLeaderless)) return store.transact({ comparisons, operations });
      const { entries } = await store.range({ prefix: `${PREFIX}brokers/` });
      const serving = new Map<number, number>();
      for (const { value, modRevision } of entries) {
        const { brokerId, fenced, brokerEpoch } = BrokerRecord.decode(value);
        if (!fenced) serving.set(brokerId, brokerEpoch === 0 ? modRevision : brokerEpoch);
      }
      return store.transact({ comparisons, operations: operations.map((operation) => electFirst(operation, serving)) });
    },
  };
}

function leavesLeaderless(operation: Operation): boolean {
  if (operation.kind !== 'put' || !operation.key.startsWith(`${PREFIX}partitions/`)) return false;
  return PartitionRecord.decode(operation.value).leader === undefined;
}

function electFirst(operation: Operation, serving: ReadonlyMap<number, number>): Operation {
  if (operation.kind !== 'put' || !leavesLeaderless(operation)) return operation;
  const record = PartitionRecord.decode(operation.value);
  const leader = record.replicas.find((id) => serving.has(id));
  if (leader === undefined) return operation;
  const leaderBrokerEpoch = serving.get(leader) ?? 0;
  const elected = { ...record, leader, leaderBrokerEpoch, isr: [leader], elr: [], lastKnownElr: [], lastKnownEnds: [] };
  return { ...operation, value: PartitionRecord.encode(elected).finish() };
}

/** A leader takes a proposal for refused as soon as it has sent it: its members count only when the record comes. */
export function forgetsProposals(connector: Connector): Connector {
  const { path, request: asked, response } = coordinatorService.alterPartitions;
  const error = errorToItem(new MoldauError('CONCURRENT_CHANGE', 'not waited for'));
  const refusal = (bytes: Uint8Array): Uint8Array => {
    const { proposals } = decodeMessage(asked, bytes);
    return encodeMessage(response, { results: proposals.map(() => ({ error, partitionEpoch: 0 })) });
  };
  return throughUnary(connector, path, async (channel, bytes, options) => {
    channel.unary(path, bytes, options).catch(() => {});
    return Promise.resolve(refusal(bytes));
  });
}

type Unary = Channel['unary'];

function throughUnary(
  connector: Connector,
  through: Parameters<Unary>[0],
  call: (channel: Channel, bytes: Uint8Array, options: Parameters<Unary>[2]) => ReturnType<Unary>,
): Connector {
  return {
    connect(address) {
      const channel = connector.connect(address);
      return {
        unary: (path, bytes, options) => (path === through ? call(channel, bytes, options) : channel.unary(path, bytes, options)),
        stream: (path, options, events) => channel.stream(path, options, events),
        close: () => channel.close(),
      };
    },
  };
}

/** A controller takes a proposed member whatever life of it the leader has heard (before KIP-903). */
export function ignoresLives(handlers: CallHandlers, { image }: ClusterView): CallHandlers {
  const request = ({ proposals, ...rest }: AlterPartitionsRequest): AlterPartitionsRequest => ({
    ...rest,
    proposals: proposals.map((proposal) => ({
      ...proposal,
      isr: proposal.isr.map(({ brokerId, brokerEpoch }) => ({
        brokerId,
        brokerEpoch: image().brokers.get(brokerId as BrokerId)?.brokerEpoch ?? brokerEpoch,
      })),
    })),
  });
  return rewriteAnswers(handlers, { method: coordinatorService.alterPartitions, request });
}

/** A controller does not look at a broker's directory and what it reports of its logs: one with an empty disk keeps their rights. */
export function ignoresDirectories(handlers: CallHandlers, { image }: ClusterView): CallHandlers {
  const request = ({ frame }: BrokerSessionRequest): BrokerSessionRequest => {
    if (frame?.$case !== 'register') return { frame };
    const directoryId = image().brokers.get(frame.value.brokerId as BrokerId)?.directoryId ?? frame.value.directoryId;
    return { frame: { $case: 'register', value: { ...frame.value, directoryId, replicas: undefined } } };
  };
  return rewriteAnswers(handlers, { method: coordinatorService.brokerSession, request });
}

/** A broker believes that one replica in sync is enough, whatever min.insync.replicas says. */
export function ignoresMinimum(connector: Connector): Connector {
  const alone = (entry: MetadataEntry): MetadataEntry =>
    entry.value === undefined || parseKey(entry.key)?.kind !== 'partition'
      ? entry
      : { ...entry, value: PartitionRecord.encode({ ...PartitionRecord.decode(entry.value), minIsr: 1 }).finish() };
  const response = (message: StreamMetadataResponse): StreamMetadataResponse => ({ ...message, entries: message.entries.map(alone) });
  return rewriteCalls(connector, { method: coordinatorService.streamMetadata, response });
}

function methodsOf(store: MetadataStore): MetadataStore {
  return {
    get: (key) => store.get(key),
    range: (request) => store.range(request),
    transact: (transaction) => store.transact(transaction),
    watch: (request, events) => store.watch(request, events),
    lease: (ttlMs, events) => store.lease(ttlMs, events),
    close: () => store.close(),
  };
}
