import type { Moldau } from '@moldau/client';
import type { OpRecorder } from '../history/op-recorder.ts';

export interface RecordedReadOptions {
  readonly moldau: Moldau;
  readonly topic: string;
  readonly partitions: number;
  readonly history: OpRecorder;
  /** Name in the history. */
  readonly consumer: string;
}

/** Reads the topic from its beginning to what is its end now, after all faults have ended; each batch is one poll of the history. */
export async function recordFinalRead(options: RecordedReadOptions): Promise<void> {
  await readFromBeginning(options, { final: true });
}

/** A consumer at the tail. */
export interface RunningReader {
  stop(): Promise<void>;
}

/** Reads along while others write. */
export function startReader(options: RecordedReadOptions): RunningReader {
  const stopping = new AbortController();
  const running = readFromBeginning(options, { final: false, signal: stopping.signal });
  // Whoever stops it hears of its failure; until then it is nobody's.
  running.catch(() => {});
  return {
    async stop(): Promise<void> {
      stopping.abort();
      await running;
    },
  };
}

interface Reading {
  readonly final: boolean;
  readonly signal?: AbortSignal;
}

async function readFromBeginning(options: RecordedReadOptions, { final, signal }: Reading): Promise<void> {
  const { moldau, topic, history, consumer: name } = options;
  const assignment = [{ topic, from: 'earliest' as const }];
  const consumer = moldau.consumer({ assignment, stopAtEnd: final, ...(signal === undefined ? {} : { signal }) });
  history.assigned(name, { partitions: Array.from({ length: options.partitions }, (_, index) => index), from: 'beginning', final });
  try {
    for await (const batch of consumer.batches()) history.polled(name, batch.records);
  } finally {
    await consumer.close();
  }
}
