import { MoldauError } from '@moldau/kernel';
import { orAborted } from '../delay.ts';
import type { ProducerSession } from '../producer/producer-batch.ts';
import type { TransactionHooks } from '../producer/session-source.ts';
import { OpenTransaction } from './open-transaction.ts';
import type { CallFailure, CallPatience, TransactionCalls } from './transaction-calls.ts';
import { abortedError, closedError, fencedError, outcomeUnknownError, stateError } from './transaction-errors.ts';
import { refusalOf } from './transaction-refusal.ts';
import type { TransactionSender } from './transaction-sender.ts';
import { moveTo, type TransactionState } from './transaction-state.ts';
import type { TransactionGroup, TransactionOffset } from './transaction-types.ts';

/** One transaction after the other: their sessions, what fails in them, how they end. */
export class TransactionManager {
  readonly #id: string;
  readonly #calls: TransactionCalls;
  readonly #maxBlockMs: number;
  #sender: TransactionSender | undefined;
  #state: TransactionState = { t: 'new' };
  /** Resolves when no end is under way. */
  ended: Promise<void> = Promise.resolve();

  constructor(transactionalId: string, calls: TransactionCalls, maxBlockMs: number) {
    this.#id = transactionalId;
    this.#calls = calls;
    this.#maxBlockMs = maxBlockMs;
  }

  get state(): TransactionState {
    return this.#state;
  }

  /** What the sender of the records is made with; `attach` follows. */
  hooks(): TransactionHooks {
    return {
      failed: (error) => this.#failed(error),
      sessions: {
        prepare: () => {},
        request: (queue, lost) => {
          const state = this.#state;
          const session = state.t === 'open' || state.t === 'committing' ? state.session : undefined;
          if (session !== undefined && lost === undefined) queue.useSession(session);
          else queue.failUnsent(lost ?? this.#refusal());
        },
        close: () => {},
      },
    };
  }

  attach(sender: TransactionSender): void {
    this.#sender = sender;
  }

  /** @throws MoldauError FENCED_PRODUCER, INVALID_TRANSACTION_STATE, CLIENT_CLOSED, and what the server refuses */
  async begin(signal: AbortSignal | undefined): Promise<OpenTransaction> {
    const state = this.#state;
    switch (state.t) {
      case 'ready':
        return this.#open(state.session);
      case 'new':
      case 'stale':
        return this.#beginSession(state.t === 'stale' ? state.session : undefined, signal);
      case 'fenced':
        throw state.cause;
      case 'closed':
        throw closedError(this.#id);
      case 'undecided':
        throw stateError(this.#id, 'how the transaction before ended is not known: commit it again', state.t);
      case 'beginning':
      case 'open':
      case 'failed':
      case 'committing':
      case 'aborting':
        throw stateError(this.#id, 'a transaction is under way', state.t);
    }
  }

  /** Why nothing may be written in the transaction now; undefined when it may. */
  refusal(transaction: OpenTransaction): MoldauError | undefined {
    const state = this.#state;
    return state.t === 'open' && state.transaction === transaction ? undefined : this.#refusal(transaction);
  }

  /** @throws MoldauError TRANSACTION_ABORTED when the transaction has failed, and what the server refuses: then it has failed */
  async commitOffsets(
    transaction: OpenTransaction,
    group: TransactionGroup,
    offsets: readonly TransactionOffset[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const refusal = this.refusal(transaction);
    if (refusal !== undefined) throw refusal;
    const state = this.#state;
    if (state.t !== 'open' || offsets.length === 0) return;
    await transaction.stage(
      group,
      offsets,
      () => this.#calls.commitOffsets(state.session, group, offsets, this.#patience(signal)),
      (error) => {
        if (this.#isCurrent(transaction)) this.#failed(error);
      },
    );
  }

  /** Waits for what was sent, and commits. @throws MoldauError as `Transaction.commit` says */
  commit(transaction: OpenTransaction, signal: AbortSignal | undefined): Promise<void> {
    return this.#track(this.#commit(transaction, signal));
  }

  /** Nothing of it counts. @throws MoldauError as `Transaction.abort` says */
  abort(transaction: OpenTransaction, signal: AbortSignal | undefined): Promise<void> {
    return this.#track(this.#abort(transaction, signal));
  }

  #track(ending: Promise<void>): Promise<void> {
    this.ended = ending.catch(() => {});
    return ending;
  }

  async #commit(transaction: OpenTransaction, signal: AbortSignal | undefined): Promise<void> {
    const state = this.#state;
    const mayEnd = state.t === 'open' || state.t === 'undecided' || (state.t === 'failed' && state.cause.reason === 'FENCED_PRODUCER');
    if (!mayEnd || !this.#isCurrent(transaction)) throw this.#refusal(transaction);
    const again = state.t === 'undecided';
    const { session } = state;
    this.#state = moveTo(state, { t: 'committing', session, transaction });
    if (!again) {
      const sent = transaction.sent(this.#sender?.flush());
      await orAborted(sent, signal, 'the commit').catch((caught: unknown) => this.#failed(MoldauError.from(caught)));
      this.#throwIfClosed();
      const { failure } = transaction;
      if (failure !== undefined) throw await this.#failedCommit({ t: 'failed', session, transaction, cause: failure }, signal);
      if (!transaction.isKnown(this.#batchesSent)) {
        this.#move({ t: 'ready', session });
        return;
      }
    }
    const answer = await this.#calls.end('commit', session, this.#patience(signal));
    if (this.#state.t === 'closed') {
      if ('error' in answer) throw outcomeUnknownError(this.#id, answer.error);
      return;
    }
    if ('error' in answer) throw this.#notCommitted(session, transaction, { ...answer, maybeDone: answer.maybeDone || again });
    this.#move({ t: 'ready', session: answer });
  }

  async #abort(transaction: OpenTransaction, signal: AbortSignal | undefined): Promise<void> {
    const state = this.#state;
    if (!this.#isCurrent(transaction) || (state.t !== 'open' && state.t !== 'failed' && state.t !== 'undecided')) {
      throw this.#refusal(transaction);
    }
    const { session } = state;
    this.#state = moveTo(state, { t: 'aborting', session, transaction });
    this.#sender?.abandon(abortedError(this.#id, transaction.failure));
    if (!transaction.isKnown(this.#batchesSent)) {
      this.#move({ t: 'ready', session });
      return;
    }
    const answer = await this.#calls.end('abort', session, this.#patience(signal));
    this.#throwIfClosed();
    if ('error' in answer) {
      await this.#notAborted(session, transaction, answer.error, { wasUndecided: state.t === 'undecided', signal });
      return;
    }
    this.#move({ t: 'ready', session: answer });
  }

  /** Nothing more begins; what is open is aborted, for at most `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    const state = this.#state;
    this.#state = { t: 'closed' };
    if ((state.t !== 'open' && state.t !== 'failed') || timeoutMs === 0 || !state.transaction.isKnown(this.#batchesSent)) return;
    this.#sender?.abandon(closedError(this.#id));
    await this.#calls.end('abort', state.session, { timeoutMs });
  }

  async #beginSession(current: ProducerSession | undefined, signal: AbortSignal | undefined): Promise<OpenTransaction> {
    this.#move({ t: 'beginning', current });
    const answer = await this.#calls.begin(current, this.#patience(signal));
    this.#throwIfClosed();
    if (!('error' in answer)) return this.#open(answer);
    if (answer.error.reason === 'FENCED_PRODUCER') throw this.#fence(answer.error);
    this.#move(current === undefined ? { t: 'new' } : { t: 'stale', session: current });
    throw answer.error;
  }

  #open(session: ProducerSession): OpenTransaction {
    const transaction = new OpenTransaction(this.#batchesSent);
    this.#sender?.useSession(session);
    this.#move({ t: 'open', session, transaction });
    return transaction;
  }

  /** A record or an offset of the transaction under way has failed. */
  #failed(error: MoldauError): void {
    const state = this.#state;
    if (state.t !== 'open' && state.t !== 'committing') return;
    const { session, transaction } = state;
    if (transaction.failure !== undefined) return;
    transaction.failure = error;
    if (state.t === 'open') this.#move({ t: 'failed', session, transaction, cause: error });
    // Not now: the queue that tells is in the middle of its work. What else is on its way would be sent for nothing.
    queueMicrotask(() => {
      if (this.#isCurrent(transaction)) this.#sender?.abandon(abortedError(this.#id, error));
    });
  }

  /**
   * A partition refuses what is late after the timeout of its transaction as it refuses what another producer fenced: the owner of the
   * transaction knows which it was, when it is asked to abort.
   */
  async #failedCommit(failed: TransactionState & { readonly t: 'failed' }, signal: AbortSignal | undefined): Promise<MoldauError> {
    const { session, transaction, cause } = failed;
    if (cause.reason === 'FENCED_PRODUCER') {
      const answer = await this.#calls.end('abort', session, this.#patience(signal));
      this.#throwIfClosed();
      if ('error' in answer && answer.error.reason === 'FENCED_PRODUCER') return this.#fence(answer.error);
    }
    return this.#fail(session, transaction, cause);
  }

  #fail(session: ProducerSession, transaction: OpenTransaction, cause: MoldauError): MoldauError {
    this.#move({ t: 'failed', session, transaction, cause });
    return abortedError(this.#id, cause);
  }

  /** The error of a commit, and the state it leaves. */
  #notCommitted(session: ProducerSession, transaction: OpenTransaction, { error, maybeDone }: CallFailure): MoldauError {
    switch (error.reason) {
      case 'TRANSACTION_ABORTED':
      case 'INVALID_TRANSACTION_STATE':
        // The server knows that this was not committed, whatever became of earlier tries.
        transaction.failure = error;
        return this.#fail(session, transaction, error);
      case 'FENCED_PRODUCER': {
        const fenced = this.#fence(error);
        return maybeDone ? outcomeUnknownError(this.#id, fenced) : fenced;
      }
      case 'UNKNOWN_TRANSACTIONAL_ID':
        this.#move({ t: 'stale', session: undefined });
        return maybeDone ? outcomeUnknownError(this.#id, error) : error;
      default:
        this.#move({ t: 'undecided', session, transaction });
        return maybeDone ? outcomeUnknownError(this.#id, error) : error;
    }
  }

  /** What an abort that was not answered as hoped means. */
  async #notAborted(
    session: ProducerSession,
    transaction: OpenTransaction,
    error: MoldauError,
    { wasUndecided, signal }: { readonly wasUndecided: boolean; readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    if (error.reason === 'FENCED_PRODUCER') throw this.#fence(error);
    if (error.reason === 'UNKNOWN_TRANSACTIONAL_ID') {
      this.#move({ t: 'stale', session: undefined });
      return;
    }
    if (!wasUndecided) {
      this.#move({ t: 'stale', session });
      throw error;
    }
    this.#move({ t: 'undecided', session, transaction });
    if (error.reason !== 'INVALID_TRANSACTION_STATE') throw error;
    // It is committed; asking for that again gives the session to go on with.
    await this.#commit(transaction, signal);
    throw stateError(this.#id, 'the transaction was committed before the abort', 'committed');
  }

  #fence(error: MoldauError): MoldauError {
    const cause = fencedError(this.#id, error);
    this.#move({ t: 'fenced', cause });
    return cause;
  }

  #refusal(transaction?: OpenTransaction): MoldauError {
    return refusalOf(this.#id, this.#state, transaction);
  }

  #isCurrent(transaction: OpenTransaction): boolean {
    return 'transaction' in this.#state && this.#state.transaction === transaction;
  }

  get #batchesSent(): number {
    return this.#sender?.batchesSent ?? 0;
  }

  #patience(signal: AbortSignal | undefined): CallPatience {
    return { timeoutMs: this.#maxBlockMs, signal };
  }

  #throwIfClosed(): void {
    if (this.#state.t === 'closed') throw closedError(this.#id);
  }

  #move(to: TransactionState): void {
    this.#state = moveTo(this.#state, to);
  }
}
