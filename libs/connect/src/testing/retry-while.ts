import { RetriableError } from '../contract/connector-errors.ts';

/** Tries of one call, and the wait between them in milliseconds: a test's outside recovers soon or never. */
const TRIES_MAX = 200;
const WAIT_MS = 5;

/** Calls again while it throws RetriableError, as the runtime does. @throws the last error after 200 tries, anything else at once */
export async function retryWhile<T>(
  call: () => Promise<T>,
  wait: (ms: number) => Promise<void>,
  onRetry: (error: RetriableError) => void,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof RetriableError) || tries >= TRIES_MAX) throw error;
      onRetry(error);
      await wait(WAIT_MS);
    }
  }
}
