import type { Socket } from 'node:net';

/** Bytes on their way through one direction of one connection; at this many the source is paused. */
const IN_FLIGHT_BYTES_MAX = 64 * 2 ** 20;

/** How a direction treats its bytes now; read for each chunk. */
export interface PipeConditions {
  /** Added to each chunk. */
  readonly delayMs: number;
  /** Undefined: no limit. */
  readonly bytesPerSecond: number | undefined;
  /** Whether chunks vanish. */
  readonly discard: boolean;
}

/** Told when bytes of a connection have vanished: its stream can't be healed any more. */
export type Discarded = () => void;

interface Chunk {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

/** Copies `from` to `to`, each chunk after its delay, in order, with the source's end and back-pressure. */
export function delayedPipe(from: Socket, to: Socket, conditions: () => PipeConditions, discarded: Discarded): void {
  const queue: Chunk[] = [];
  let queuedBytes = 0;
  let lineFreeMs = 0;
  let ended = false;
  let blocked = false;
  let timer: NodeJS.Timeout | undefined;

  const finish = (): void => {
    if (ended && queue.length === 0) to.end();
  };
  const flush = (): void => {
    timer = undefined;
    while (!blocked && queue[0] !== undefined && queue[0].dueMs <= performance.now()) {
      const chunk = queue.shift() as Chunk;
      queuedBytes -= chunk.bytes.length;
      if (!to.destroyed && !to.write(chunk.bytes)) blocked = true;
    }
    if (queuedBytes < IN_FLIGHT_BYTES_MAX && from.isPaused()) from.resume();
    schedule();
    finish();
  };
  const schedule = (): void => {
    if (timer !== undefined || blocked || queue[0] === undefined) return;
    timer = setTimeout(flush, Math.max(0, queue[0].dueMs - performance.now()));
  };

  to.on('drain', () => {
    blocked = false;
    flush();
  });
  from.on('data', (bytes: Buffer) => {
    const { delayMs, bytesPerSecond, discard } = conditions();
    if (discard) {
      discarded();
      return;
    }
    const now = performance.now();
    lineFreeMs = Math.max(now, lineFreeMs) + (bytesPerSecond === undefined ? 0 : (bytes.length / bytesPerSecond) * 1000);
    queue.push({ bytes, dueMs: lineFreeMs + delayMs });
    queuedBytes += bytes.length;
    if (queuedBytes >= IN_FLIGHT_BYTES_MAX) from.pause();
    // Without a delay the chunk leaves in the turn it came in.
    if (timer === undefined && lineFreeMs + delayMs <= now) flush();
    else schedule();
  });
  from.on('end', () => {
    ended = true;
    finish();
  });
  from.on('close', () => {
    // What arrived before an orderly end is still delivered.
    if (ended) return;
    if (timer !== undefined) clearTimeout(timer);
    to.destroy();
  });
}
