import type { MoldauError } from '@moldau/kernel';
import type { WaitingOperation } from './commit-queue.ts';
import type { ShardOutcome } from './shard-machine.ts';

/** An operation that has run, and the promise of its response. */
export function pendingOperation<Response>(
  { records, response, committed }: ShardOutcome<Response>,
  { sizeBytes, deadlineMs }: Pick<WaitingOperation, 'sizeBytes' | 'deadlineMs'>,
): { readonly promise: Promise<Response>; readonly waiting: WaitingOperation } {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const commit = (): void => {
    // Also when the caller has gone: notices are for others.
    committed?.();
    resolve(response);
  };
  const refuse = (error: MoldauError): void => reject(error);
  return { promise, waiting: { records, sizeBytes, deadlineMs, commit, reject: refuse } };
}
