import { isErrorName, MoldauError } from '@moldau/kernel';

/** Longest wait for the leader. */
const FORWARD_TIMEOUT_MS = 30_000;
export const INTERNAL_PATH = '/internal/calls';

/** An error as one worker tells it to another. */
export interface ForwardedError {
  readonly reason: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** Asks the leader. @throws MoldauError the leader's own; REBALANCE_IN_PROGRESS when it does not answer */
export async function forwardCall(restUrl: string, call: object): Promise<unknown> {
  let answer: { readonly error?: ForwardedError; readonly result?: unknown };
  try {
    const response = await fetch(new URL(INTERNAL_PATH, restUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(call),
      signal: AbortSignal.timeout(FORWARD_TIMEOUT_MS),
    });
    answer = (await response.json()) as typeof answer;
  } catch (cause) {
    throw new MoldauError('REBALANCE_IN_PROGRESS', `the leader at ${restUrl} does not answer`, { leader: restUrl }, { cause });
  }
  if (answer.error === undefined) return answer.result;
  const { reason, message, facts } = answer.error;
  throw new MoldauError(isErrorName(reason) ? reason : 'INTERNAL', message, facts);
}
