import { firstSession, isSameSession, type ProducerIds, type ProducerSession, sessionAfter } from '../producer-session.ts';
import { done, type Result, refused, transactionError } from '../result.ts';
import { moveEntry, type TransactionEntry, type TransactionName } from '../transaction-entry.ts';
import { fenced, stillCompleting } from './check-session.ts';
import { prepareEnd } from './end-transaction.ts';

export interface InitProducerRequest {
  readonly name: TransactionName;
  /** How long a transaction may take; 1 … the shard's maximum. */
  readonly timeoutMs: number;
  /** The session that the producer holds and wants to go on from (KIP-360). Without it, it fences whoever has the id. */
  readonly current?: ProducerSession;
  readonly nowMs: number;
}

/**
 * Begins a session of a transactional id: the next epoch of its producer id, or a new id. What the session before had under
 * way is aborted first; the caller repeats the call until that is complete.
 *
 * Refuses: INVALID_TRANSACTION_TIMEOUT; CONCURRENT_TRANSACTIONS; FENCED_PRODUCER when `current` is not the newest session.
 */
export function initProducer(
  entry: TransactionEntry | undefined,
  request: InitProducerRequest,
  limits: { readonly ids: ProducerIds; readonly timeoutMsMax: number },
): Result<ProducerSession> {
  const { name, timeoutMs, current, nowMs } = request;
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > limits.timeoutMsMax) {
    const facts = { value: String(timeoutMs), limit: String(limits.timeoutMsMax) };
    return refused(
      transactionError('INVALID_TRANSACTION_TIMEOUT', name, `a timeout of ${timeoutMs} ms, not 1 to ${limits.timeoutMsMax}`, facts),
    );
  }
  if (entry === undefined)
    return begin({ name, session: firstSession(limits.ids), timeoutMs, updatedMs: nowMs, state: { kind: 'empty', former: undefined } });
  if (current !== undefined && !mayGoOn(entry, current)) return refused(fenced(entry, current));
  switch (entry.state.kind) {
    case 'prepareCommit':
    case 'prepareAbort':
      return refused(stillCompleting(entry));
    case 'ongoing': {
      const cause = current === undefined ? 'successor' : 'producer';
      return refused(stillCompleting(entry), prepareEnd(entry, entry.state, { outcome: 'abort', cause, nowMs }, limits.ids));
    }
    case 'empty':
      // The answer to the first of two equal requests was lost.
      if (current !== undefined && !isSameSession(entry.session, current)) return done(entry.session);
      break;
    case 'completeCommit':
    case 'completeAbort':
    case 'dead':
      break;
  }
  const state = { kind: 'empty', former: current } as const;
  return begin(moveEntry(entry, { state, session: sessionAfter(entry.session, limits.ids), timeoutMs, nowMs }));
}

/** Whether the producer that holds `current` is the one that held the id last. */
function mayGoOn({ session, state }: TransactionEntry, current: ProducerSession): boolean {
  if (isSameSession(session, current)) return true;
  if (!('former' in state) || state.former === undefined || !isSameSession(state.former, current)) return false;
  return !('cause' in state) || state.cause !== 'successor';
}

function begin(entry: TransactionEntry): Result<ProducerSession> {
  return done(entry.session, { kind: 'entry', entry });
}
