import { Confirmations, type MarkerConfirmation, type MarkerTask, markerOf } from './markers.ts';
import { type AbortTransactionRequest, abortTransaction } from './operations/abort-transaction.ts';
import {
  type AddToTransactionRequest,
  addToTransaction,
  type VerifyTransactionRequest,
  verifyTransaction,
} from './operations/add-to-transaction.ts';
import { completeTransaction } from './operations/complete-transaction.ts';
import { type EndedTransaction, type EndTransactionRequest, endTransaction } from './operations/end-transaction.ts';
import { expireIdle, expireTransaction, timeoutAtMs } from './operations/expire.ts';
import { type InitProducerRequest, initProducer } from './operations/init-producer.ts';
import type { ProducerIds, ProducerSession } from './producer-session.ts';
import { done, type Result } from './result.ts';
import { nameKey, type TransactionEntry, type TransactionName } from './transaction-entry.ts';
import type { TransactionRecord } from './transaction-record.ts';

/** `transaction.max.timeout.ms`, as in Kafka: a reader of committed records waits no longer for a producer that is gone. */
export const TRANSACTION_TIMEOUT_MS_MAX = 900_000;
/** `transactional.id.expiration.ms`, as in Kafka: 7 days. */
export const IDLE_EXPIRATION_MS = 604_800_000;
/** Records of one round of expiry, so that a round stays short; the next round goes on. */
export const EXPIRED_PER_ROUND_MAX = 1000;

export interface TransactionShardOptions {
  readonly ids: ProducerIds;
  /** Longest timeout a producer may ask for; default `TRANSACTION_TIMEOUT_MS_MAX`. */
  readonly timeoutMsMax?: number;
  /** After which an id with nothing under way is forgotten; default `IDLE_EXPIRATION_MS`. */
  readonly idleExpirationMs?: number;
}

/** Takes back one replayed record, the last one first, when its append has failed. */
export type Undo = () => void;

/**
 * One shard of `__transactions`: the state machine of its transactional ids. Operations change nothing: they give records,
 * which the caller replays at once, so that the next operation of the same append builds on them, and undoes when the append
 * fails for certain. Wall time is passed in; it decides timeouts and nothing that safety hangs on.
 */
export class TransactionShard {
  readonly #ids: ProducerIds;
  readonly #timeoutMsMax: number;
  readonly #idleExpirationMs: number;
  /** Least recently changed first, as replay moves an entry to the end. */
  readonly #entries = new Map<string, TransactionEntry>();
  readonly #ongoing = new Set<string>();
  readonly #confirmations = new Map<string, Confirmations>();

  constructor(options: TransactionShardOptions) {
    this.#ids = options.ids;
    this.#timeoutMsMax = options.timeoutMsMax ?? TRANSACTION_TIMEOUT_MS_MAX;
    this.#idleExpirationMs = options.idleExpirationMs ?? IDLE_EXPIRATION_MS;
  }

  /** See `initProducer`. */
  initProducer(request: InitProducerRequest): Result<ProducerSession> {
    return initProducer(this.find(request.name), request, { ids: this.#ids, timeoutMsMax: this.#timeoutMsMax });
  }

  /** See `addToTransaction`. @throws MoldauError TRANSACTION_TOO_LARGE */
  addToTransaction(request: AddToTransactionRequest): Result<undefined> {
    return addToTransaction(this.find(request.name), request);
  }

  /** See `verifyTransaction`. */
  verifyTransaction(request: VerifyTransactionRequest): Result<undefined> {
    return verifyTransaction(this.find(request.name), request);
  }

  /** See `endTransaction`. */
  endTransaction(request: EndTransactionRequest): Result<EndedTransaction> {
    return endTransaction(this.find(request.name), request, this.#ids);
  }

  /** See `abortTransaction`. */
  abortTransaction(request: AbortTransactionRequest): Result<undefined> {
    return abortTransaction(this.find(request.name), request, this.#ids);
  }

  /**
   * Notes who has a marker; completes the transaction with the last one. Confirmations of other markers are ignored, so they
   * may come late and twice. The value says whether nobody waits any more.
   */
  confirmMarkers(confirmation: MarkerConfirmation): Result<boolean> {
    const confirmations = this.#confirmations.get(nameKey(confirmation.name));
    confirmations?.note(confirmation);
    const entry = this.find(confirmation.name);
    if (confirmations === undefined || entry === undefined || !confirmations.isDone) return done(confirmations === undefined);
    const record = completeTransaction(entry, confirmation.nowMs);
    return record === undefined ? done(true) : done(true, record);
  }

  /** Aborts the transactions whose time is over. Operations come in rounds of at most `EXPIRED_PER_ROUND_MAX` records. */
  expireTransactions(nowMs: number): Result<undefined> {
    const records: TransactionRecord[] = [];
    for (const key of this.#ongoing) {
      const entry = this.#entries.get(key);
      const record = entry === undefined ? undefined : expireTransaction(entry, nowMs, this.#ids);
      if (record !== undefined) records.push(record);
      if (records.length === EXPIRED_PER_ROUND_MAX) break;
    }
    return done(undefined, ...records);
  }

  /** Forgets ids that have been idle for too long, the oldest first; the rest next time. */
  expireIdle(nowMs: number): Result<undefined> {
    const records: TransactionRecord[] = [];
    for (const entry of this.#entries.values()) {
      if (nowMs - entry.updatedMs < this.#idleExpirationMs || records.length === EXPIRED_PER_ROUND_MAX) break;
      const record = expireIdle(entry, nowMs, this.#idleExpirationMs);
      if (record !== undefined) records.push(record);
    }
    return done(undefined, ...records);
  }

  /** When the first transaction under way times out, in wall time; undefined when none is. Looks at all of them. */
  nextTimeoutMs(): number | undefined {
    let next: number | undefined;
    for (const key of this.#ongoing) {
      const entry = this.#entries.get(key);
      const atMs = entry === undefined ? undefined : timeoutAtMs(entry);
      if (atMs !== undefined && (next === undefined || atMs < next)) next = atMs;
    }
    return next;
  }

  /** Committed markers that someone waits for. To be sent until there are none. */
  *waitingMarkers(): IterableIterator<MarkerTask> {
    for (const confirmations of this.#confirmations.values()) if (confirmations.isCommitted) yield confirmations.task;
  }

  /** The committed marker of one transactional id; undefined when nobody waits for one. */
  markerOf(name: TransactionName): MarkerTask | undefined {
    const confirmations = this.#confirmations.get(nameKey(name));
    return confirmations?.isCommitted === true ? confirmations.task : undefined;
  }

  /** Takes a record of the log into the state, of any state before it: compaction leaves steps out. */
  replay(record: TransactionRecord): Undo {
    const key = nameKey(record.kind === 'entry' ? record.entry.name : record.name);
    const before = this.#entries.get(key);
    const confirmationsBefore = this.#confirmations.get(key);
    const task = record.kind === 'entry' ? markerOf(record.entry) : undefined;
    this.#set(key, record.kind === 'entry' ? record.entry : undefined, task === undefined ? undefined : new Confirmations(task));
    return () => this.#set(key, before, confirmationsBefore);
  }

  /** Says that a replayed record is committed: until then its markers are not sent, as it may yet be lost. */
  commit(record: TransactionRecord): void {
    if (record.kind !== 'entry') return;
    const task = markerOf(record.entry);
    if (task !== undefined) this.#confirmations.get(nameKey(record.entry.name))?.commit(task);
  }

  /** What is known of a transactional id. */
  find(name: TransactionName): TransactionEntry | undefined {
    return this.#entries.get(nameKey(name));
  }

  /** All entries, the least recently changed first. */
  entries(): IterableIterator<TransactionEntry> {
    return this.#entries.values();
  }

  /** Transactional ids that are known, those with a transaction under way, and those whose markers are on their way. */
  get counts(): { readonly ids: number; readonly ongoing: number; readonly prepared: number } {
    return { ids: this.#entries.size, ongoing: this.#ongoing.size, prepared: this.#confirmations.size };
  }

  #set(key: string, entry: TransactionEntry | undefined, confirmations: Confirmations | undefined): void {
    this.#entries.delete(key);
    this.#ongoing.delete(key);
    this.#confirmations.delete(key);
    if (entry !== undefined) this.#entries.set(key, entry);
    if (entry?.state.kind === 'ongoing') this.#ongoing.add(key);
    if (confirmations !== undefined) this.#confirmations.set(key, confirmations);
  }
}
