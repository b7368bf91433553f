import { parentPort, workerData } from 'node:worker_threads';
import { present } from '@moldau/kernel';
import { hideSecrets } from './hide-secrets.ts';
import type { ThreadJob, ThreadMessage, ThreadOrder } from './thread-messages.ts';

/** What the thread was started for. */
export const job = workerData as ThreadJob;

/** Secrets whose values this thread knows; no message to the worker has them. */
const known = new Set<string>();

export function keepSecret(values: Iterable<string>): void {
  for (const value of values) known.add(value);
}

export function say(message: ThreadMessage): void {
  present(parentPort, 'this runs in a thread').postMessage(hideSecrets(message, known));
}

export function onOrder(take: (order: ThreadOrder) => void): void {
  present(parentPort, 'this runs in a thread').on('message', take);
}
