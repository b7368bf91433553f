import { MoldauError, type Scheduler } from '@moldau/kernel';

/** The error of a call whose signal was aborted; its cause is the signal's reason. */
export function cancelledError(signal: AbortSignal, what: string): MoldauError {
  return new MoldauError('CANCELLED', `${what} was cancelled`, {}, { cause: signal.reason });
}

/** @throws MoldauError CANCELLED when the signal is aborted */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw cancelledError(signal, what);
}

/** Resolves after `delayMs`. Rejects with MoldauError CANCELLED as soon as the signal is aborted. */
export function delay(scheduler: Scheduler, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(cancelledError(signal, 'the wait'));
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      if (signal !== undefined) reject(cancelledError(signal, 'the wait'));
    };
    const timer = scheduler.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * The promise's outcome, or a rejection with MoldauError CANCELLED as soon as the signal is aborted; what the promise then
 * becomes is dropped.
 */
export function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined, what: string): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelledError(signal, what));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => {
        signal.removeEventListener('abort', onAbort);
        resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort);
        reject(error);
      },
    );
  });
}
