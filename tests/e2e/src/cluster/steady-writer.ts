import type { Moldau } from '@moldau/client';

/** Writes a record every few milliseconds, over all partitions in turn, and remembers what came of it. */
export interface SteadyWriter {
  /** Values that were acknowledged. */
  readonly acknowledged: readonly string[];
  /** What was not, with the reason. */
  readonly failures: readonly string[];
  /** Longest wait for an acknowledgement since the last question, those that still wait among them; in ms. */
  takeSlowestMs(): number;
  /** Stops sending, and waits for what is under way. */
  stop(): Promise<void>;
}

const INTERVAL_MS = 10;

export function startSteadyWriter(moldau: Moldau, topic: string, partitions: number): SteadyWriter {
  const producer = moldau.producer({ lingerMs: 0 });
  const acknowledged: string[] = [];
  const failures: string[] = [];
  const waiting = new Map<string, number>();
  let slowestMs = 0;
  let count = 0;
  const send = async (): Promise<void> => {
    const value = `${topic}-${count}`;
    const partition = count % partitions;
    count += 1;
    const sentAt = performance.now();
    waiting.set(value, sentAt);
    try {
      await producer.send({ topic, partition, value: Buffer.from(value) });
      acknowledged.push(value);
    } catch (error) {
      failures.push(`${value}: ${String(error)}`);
    }
    waiting.delete(value);
    slowestMs = Math.max(slowestMs, performance.now() - sentAt);
  };
  const timer = setInterval(() => void send(), INTERVAL_MS);
  return {
    acknowledged,
    failures,
    takeSlowestMs(): number {
      const now = performance.now();
      const slowest = Math.max(slowestMs, ...[...waiting.values()].map((sentAt) => now - sentAt));
      slowestMs = 0;
      return slowest;
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await producer.close();
    },
  };
}
