import { type CallHandler, type ErrorName, type MethodPath, MoldauError, type Timer } from '@moldau/kernel';
import {
  type BeginProducerSessionRequest,
  type CommitTransactionOffsetsRequest,
  type CommitTransactionOffsetsResponse,
  type EndTransactionRequest,
  type ProduceBatch,
  TransactionOutcome,
  type TransactionSession,
  transactionService,
  unaryHandler,
} from '@moldau/protocol';
import { buildTransactionMarker, isTransactionalAt, producerEpochAt, producerIdAt } from '@moldau/records';
import type { FakeCluster } from './fake-cluster.ts';
import type { FakePartition } from './fake-partition.ts';

type Outcome = 'commit' | 'abort';

/** A transactional id, as the coordinator keeps it. */
interface FakeTransaction {
  producerId: number;
  epoch: number;
  timeoutMs: number;
  timeout: Timer | undefined;
  state: 'empty' | 'ongoing' | 'completing' | 'complete';
  readonly partitions: Set<FakePartition>;
  readonly offsets: Map<string, number>;
  former: { readonly epoch: number; readonly outcome: Outcome; readonly cause: 'producer' | 'timeout' | 'successor' } | undefined;
}

export type TransactionCall = 'begin' | 'offsets' | 'end';

/** What becomes of a call: answered with an error, or never; carried out before that or not. */
export interface TransactionFault {
  readonly carriedOut: boolean;
  readonly error: MoldauError;
}

const EPOCH_MAX = 32_766;
/** Of a session that names none. */
const TIMEOUT_MS_DEFAULT = 60_000;

/** A transaction coordinator in memory with the rules of the real one; one for all brokers of a fake cluster. */
export class FakeTransactions {
  readonly #cluster: FakeCluster;
  readonly #ids = new Map<string, FakeTransaction>();
  /** Committed offsets by `group/topic id/partition`. */
  readonly groupOffsets = new Map<string, number>();
  fault: ((call: TransactionCall, transactionalId: string) => TransactionFault | undefined) | undefined;
  /** Why a group takes no offsets of a member. */
  refuseOffsets: ((request: CommitTransactionOffsetsRequest) => MoldauError | undefined) | undefined;
  #commitOffset = (key: string, offset: number): void => void this.groupOffsets.set(key, offset);
  /** How long markers take, in ms. */
  completionMs = 0;
  readonly calls: Record<TransactionCall, number> = { begin: 0, offsets: 0, end: 0 };

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster;
  }

  handlers(): [MethodPath, CallHandler][] {
    const { beginProducerSession: begin, commitTransactionOffsets: offsets, endTransaction: end } = transactionService;
    return [
      [begin.path, unaryHandler(begin, async (request) => this.#serve('begin', request, () => this.#begin(request)))],
      [offsets.path, unaryHandler(offsets, async (request) => this.#serve('offsets', request, () => this.#stage(request)))],
      [end.path, unaryHandler(end, async (request) => this.#serve('end', request, () => this.#end(request)))],
    ];
  }

  /** Offsets are those of the cluster's groups: by members that own the partitions, and unstable while they are staged. */
  commitToGroups(): void {
    this.refuseOffsets = ({ groupId, member, offsets }) => {
      const { members } = this.#cluster.group(groupId);
      const known = members.get(member?.memberId ?? '');
      if (known === undefined) return fault('UNKNOWN_MEMBER');
      if (known.epoch !== member?.memberEpoch) return fault('FENCED_MEMBER_EPOCH');
      return offsets.every(({ topicId, partition }) => known.held.has(`${topicId}:${partition}`))
        ? undefined
        : fault('NOT_PARTITION_OWNER');
    };
    this.#commitOffset = (key, offset) => {
      const [groupId = '', topicId, partition] = key.split('/');
      this.#cluster.group(groupId).committed.set(`${topicId}:${partition}`, { offset, leaderEpoch: undefined, metadata: '' });
    };
    this.#cluster.faults.fetchOffsets = () => {
      const isStaged = [...this.#ids.values()].some(({ offsets }) => offsets.size > 0);
      return isStaged ? fault('OFFSET_UNSTABLE') : undefined;
    };
  }

  /** The first batch of a transaction to a partition makes that part of it. @throws MoldauError as the real coordinator */
  verify({ recordBatch, transactionalId }: ProduceBatch, partition: FakePartition): void {
    if (!isTransactionalAt(recordBatch, 0)) return;
    const session = { producerId: producerIdAt(recordBatch, 0), producerEpoch: producerEpochAt(recordBatch, 0) };
    this.#join(transactionalId ?? '', session).partitions.add(partition);
  }

  /** The transaction under way has taken too long. */
  timeOut(transactionalId: string): void {
    const entry = this.#ids.get(transactionalId);
    if (entry?.state === 'ongoing') this.#decide(entry, 'abort', 'timeout');
  }

  /** Those that had a session, by name. */
  get ids(): readonly string[] {
    return [...this.#ids.keys()].sort();
  }

  stateOf(transactionalId: string): string | undefined {
    return this.#ids.get(transactionalId)?.state;
  }

  async #serve<Response>(call: TransactionCall, { transactionalId }: { transactionalId: string }, run: () => Response): Promise<Response> {
    this.calls[call] += 1;
    const fault = this.fault?.(call, transactionalId);
    if (fault === undefined) return run();
    if (fault.carriedOut) run();
    throw fault.error;
  }

  #begin({ transactionalId, current, timeoutMs = TIMEOUT_MS_DEFAULT }: BeginProducerSessionRequest) {
    const known = this.#ids.get(transactionalId);
    if (known === undefined) {
      const producerId = this.#cluster.nextProducerId();
      this.#ids.set(transactionalId, {
        producerId,
        epoch: 0,
        timeoutMs,
        timeout: undefined,
        state: 'empty',
        partitions: new Set(),
        offsets: new Map(),
        former: undefined,
      });
      return { session: { producerId, producerEpoch: 0 } };
    }
    if (current !== undefined && current.producerEpoch !== known.epoch && known.former?.epoch !== current.producerEpoch) {
      throw fault('FENCED_PRODUCER');
    }
    if (known.state === 'ongoing') this.#decide(known, 'abort', current === undefined ? 'successor' : 'producer');
    if (known.state === 'completing') throw fault('CONCURRENT_TRANSACTIONS');
    // The answer to the first of two equal requests was lost.
    if (current !== undefined && known.state === 'empty' && known.epoch !== current.producerEpoch) return { session: sessionOf(known) };
    this.#raise(known);
    known.timeoutMs = timeoutMs;
    known.state = 'empty';
    known.former = current === undefined ? undefined : { epoch: current.producerEpoch, outcome: 'abort', cause: 'producer' };
    return { session: sessionOf(known) };
  }

  #stage(request: CommitTransactionOffsetsRequest): CommitTransactionOffsetsResponse {
    const refusal = this.refuseOffsets?.(request);
    if (refusal !== undefined) throw refusal;
    const entry = this.#join(request.transactionalId, request.session);
    for (const { topicId, partition, offset } of request.offsets) entry.offsets.set(`${request.groupId}/${topicId}/${partition}`, offset);
    return { results: request.offsets.map(({ topicId, partition }) => ({ topicId, partition })) };
  }

  #end({ transactionalId, session, outcome }: EndTransactionRequest) {
    const entry = this.#ids.get(transactionalId);
    if (entry === undefined) throw fault('UNKNOWN_TRANSACTIONAL_ID');
    const asked = outcome === TransactionOutcome.COMMIT ? 'commit' : 'abort';
    const { former } = entry;
    if (session?.producerEpoch !== entry.epoch) {
      if (former === undefined || former.epoch !== session?.producerEpoch || former.cause === 'successor') throw fault('FENCED_PRODUCER');
      if (former.outcome === asked) return { session: sessionOf(entry), complete: entry.state !== 'completing' };
      throw fault(former.cause === 'timeout' ? 'TRANSACTION_ABORTED' : 'INVALID_TRANSACTION_STATE');
    }
    if (entry.state === 'completing') throw fault('CONCURRENT_TRANSACTIONS');
    if (entry.state !== 'ongoing' && asked === 'commit') throw fault('INVALID_TRANSACTION_STATE');
    this.#decide(entry, asked, 'producer');
    return { session: sessionOf(entry), complete: this.completionMs === 0 };
  }

  #join(transactionalId: string, session: TransactionSession | undefined): FakeTransaction {
    const entry = this.#ids.get(transactionalId);
    if (entry === undefined) throw fault('UNKNOWN_TRANSACTIONAL_ID');
    if (session?.producerEpoch !== entry.epoch || session.producerId !== entry.producerId) {
      const timedOut = entry.former?.epoch === session?.producerEpoch && entry.former?.cause === 'timeout';
      throw fault(timedOut ? 'TRANSACTION_ABORTED' : 'FENCED_PRODUCER');
    }
    if (entry.state === 'completing') throw fault('CONCURRENT_TRANSACTIONS');
    entry.state = 'ongoing';
    // Also of a producer that is gone: what it left open ends.
    entry.timeout ??= this.#cluster.scheduler.after(entry.timeoutMs, () => this.timeOut(transactionalId), { background: true });
    return entry;
  }

  #decide(entry: FakeTransaction, outcome: Outcome, cause: 'producer' | 'timeout' | 'successor'): void {
    const { producerId, epoch } = entry;
    entry.timeout?.cancel();
    entry.timeout = undefined;
    entry.former = { epoch, outcome, cause };
    this.#raise(entry);
    entry.state = 'completing';
    const complete = (): void => {
      entry.state = 'complete';
      for (const partition of entry.partitions) {
        const fields = { timestamp: 1, producerId, producerEpoch: epoch + 1 };
        partition.appendMarker(buildTransactionMarker({ outcome, coordinatorEpoch: 1 }, fields), producerId, epoch + 1);
      }
      if (outcome === 'commit') for (const [key, offset] of entry.offsets) this.#commitOffset(key, offset);
      entry.partitions.clear();
      entry.offsets.clear();
    };
    if (this.completionMs === 0) complete();
    else this.#cluster.scheduler.after(this.completionMs, complete);
  }

  #raise(entry: FakeTransaction): void {
    entry.epoch += 1;
    if (entry.epoch <= EPOCH_MAX) return;
    entry.producerId = this.#cluster.nextProducerId();
    entry.epoch = 0;
  }
}

function sessionOf({ producerId, epoch }: FakeTransaction): TransactionSession {
  return { producerId, producerEpoch: epoch };
}

function fault(reason: ErrorName): MoldauError {
  return new MoldauError(reason, `${reason} of the fake coordinator`);
}
