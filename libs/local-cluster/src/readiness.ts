import { setTimeout as sleep } from 'node:timers/promises';
import { MoldauError } from '@moldau/kernel';
import { lastLines } from './log-tail.ts';
import type { Member } from './member.ts';
import { isRunning } from './process-identity.ts';

const POLL_MS = 50;
/** How long one question may take: a paused process takes connections and never answers. */
const ANSWER_TIMEOUT_MS = 1_000;

export interface ReadinessOptions {
  readonly logPath: string;
  readonly timeoutMs: number;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/**
 * Waits until a member says that it is ready: a broker is when it is registered, unfenced and serves.
 *
 * @throws MoldauError PROCESS_NOT_STARTED with the last lines of its log when it ends or takes too long; CANCELLED
 */
export async function awaitReady(member: Member, options: ReadinessOptions): Promise<void> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    if (options.signal.aborted) throw new MoldauError('CANCELLED', `${member.name} was no longer waited for`);
    const state = await ask(member);
    if (state === undefined) return;
    if (!isRunning(member.process)) throw notStarted(member, 'ended before it was ready', options.logPath);
    if (performance.now() >= deadline) throw notStarted(member, `was not ready within ${options.timeoutMs} ms (${state})`, options.logPath);
    await sleep(POLL_MS);
  }
}

/** Why a member is not ready; undefined when it is. */
async function ask(member: Member): Promise<string | undefined> {
  const url = member.kind === 'etcd' ? `http://${member.address}/health` : `http://${member.adminAddress}/readyz`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const text = (await response.text()).trim();
    const ready = response.ok && (member.kind !== 'etcd' || text.includes('"true"'));
    return ready ? undefined : text;
  } catch {
    return 'it did not answer';
  }
}

function notStarted({ name }: Member, what: string, log: string): MoldauError {
  const lines = lastLines(log);
  const tail = lines.length === 0 ? 'its log is empty' : `the last lines of its log:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return new MoldauError('PROCESS_NOT_STARTED', `${name} ${what}; ${tail}`, { process: name, log });
}
