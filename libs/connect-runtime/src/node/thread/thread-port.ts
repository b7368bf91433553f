import { parentPort, workerData } from 'node:worker_threads';
import { present } from '@moldau/kernel';
import type { ThreadJob, ThreadMessage, ThreadOrder } from './thread-messages.ts';

/** What the thread was started for. */
export const job = workerData as ThreadJob;

export function say(message: ThreadMessage): void {
  present(parentPort, 'this runs in a thread').postMessage(message);
}

export function onOrder(take: (order: ThreadOrder) => void): void {
  present(parentPort, 'this runs in a thread').on('message', take);
}
