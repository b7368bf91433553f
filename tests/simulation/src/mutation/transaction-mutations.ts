import type { CallHandlers, Offset } from '@moldau/kernel';
import { decodeMessage, encodeMessage, type TransactionOutcome, transactionService } from '@moldau/protocol';
import type { ScenarioOptions } from '../scenario/scenario.ts';
import { DelegatingLog, wrapEach } from './delegating-logs.ts';
import type { Mutation } from './mutation.ts';

const GROUPS: ScenarioOptions = { groups: true };

/** Known bugs of transactions. */
export const TRANSACTION_MUTATIONS: readonly Mutation[] = [
  {
    name: 'late-end-decides-next',
    description: 'a late copy of the end of a transaction ends the next one, as no epoch of its own fences it (KAFKA-17754)',
    broker: () => ({ clientHandlers: endsTheNext }),
    scenario: GROUPS,
  },
  {
    name: 'aborted-not-told',
    description: 'a leader does not tell readers of committed records which transactions are aborted',
    broker: () => ({ logs: (store) => wrapEach(store, (log) => new ForgetsAborted(log)) }),
    scenario: GROUPS,
  },
  {
    name: 'stable-offset-ignored',
    description: 'readers of committed records read up to the high watermark, open transactions too',
    broker: () => ({ logs: (store) => wrapEach(store, (log) => new ForgetsOpen(log)) }),
    scenario: GROUPS,
  },
];

class ForgetsAborted extends DelegatingLog {
  override hasAbortedFrom(): boolean {
    return false;
  }

  override abortedTransactions(): Promise<[]> {
    return Promise.resolve([]);
  }
}

class ForgetsOpen extends DelegatingLog {
  override get lastStableOffset(): Offset {
    return this.log.highWatermark;
  }
}

/** The copy of a producer's last end comes late: just before the end of its next transaction, for which it is taken. */
function endsTheNext(handlers: CallHandlers): CallHandlers {
  const { path, request: codec } = transactionService.endTransaction;
  const handler = handlers.get(path);
  if (handler?.kind !== 'unary') return handlers;
  const last = new Map<number, TransactionOutcome>();
  const call: typeof handler.call = async (bytes, incoming) => {
    const request = decodeMessage(codec, bytes);
    const id = request.session?.producerId ?? 0;
    const late = last.get(id);
    last.set(id, request.outcome);
    if (late !== undefined && late !== request.outcome) await handler.call(encodeMessage(codec, { ...request, outcome: late }), incoming);
    return handler.call(bytes, incoming);
  };
  return new Map([...handlers, [path, { kind: 'unary', call }]]);
}
