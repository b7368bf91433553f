import type { Clock, Instants } from '@moldau/kernel';
import type { ShardHandle } from '@moldau/shards';
import type { Result, TransactionName, TransactionShard } from '@moldau/transactions';
import type { TransactionMachine } from './transaction-machine.ts';

/** Left of a call's time for its own append, when it has waited for the transaction before. */
const APPEND_MARGIN_MS = 100;
/** Longest wait of one call for the transaction before: markers take milliseconds, or a partition is without a leader. */
const COMPLETION_WAIT_MS_MAX = 5_000;

/** A call about one transactional id. */
export interface NamedCall {
  readonly name: TransactionName;
  readonly handle: ShardHandle<TransactionMachine>;
  readonly timeoutMs: number;
}

/**
 * Runs an operation that is refused while the id's last transaction is being completed, once it is complete: its caller need
 * not come again.
 *
 * @throws MoldauError what the operation refuses with, CONCURRENT_TRANSACTIONS when completing took too long, and those of
 *   `ShardHandle.run`
 */
export async function runSettled<Value>(
  clock: Clock,
  { name, handle, timeoutMs }: NamedCall,
  operation: (shard: TransactionShard, now: Instants) => Result<Value>,
): Promise<Value> {
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  const leftMs = (): number => deadlineMs - clock.monotonicMs();
  const untilComplete = async (): Promise<boolean> => {
    const waitMs = Math.min(leftMs() - APPEND_MARGIN_MS, COMPLETION_WAIT_MS_MAX);
    return (await handle.active()?.completed(name, waitMs)) ?? false;
  };
  if (handle.active()?.isCompleting(name) === true) await untilComplete();
  for (;;) {
    const answer = await handle.run((machine, now) => machine.outcome(operation(machine.shard, now)), {
      timeoutMs: Math.max(1, leftMs()),
    });
    if (answer.kind === 'done') return answer.value;
    if (answer.error.reason !== 'CONCURRENT_TRANSACTIONS' || !(await untilComplete())) throw answer.error;
  }
}
