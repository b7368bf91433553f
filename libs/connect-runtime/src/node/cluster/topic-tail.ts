import type { ConsumedRecord, Moldau } from '@moldau/client';

type TailRecord = ConsumedRecord<string, string>;

const text = { deserialize: (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') };

/** Reads all there is of a topic, or of one partition, committed records only. */
export async function readToEnd(
  moldau: Moldau,
  target: { readonly topic: string; readonly partition?: number },
  take: (record: TailRecord) => void,
): Promise<void> {
  await using consumer = moldau.consumer<string, string>({
    assignment: [{ ...target, from: 'earliest' }],
    isolation: 'read_committed',
    stopAtEnd: true,
    keyDeserializer: text,
    valueDeserializer: text,
  });
  for await (const batch of consumer.batches()) for (const record of batch) take(record);
}

/** A topic that is read for as long as it is open, from its beginning. */
export interface TopicTail {
  /** All that was there when it was opened has been taken. */
  readonly loaded: Promise<void>;
  /** Resolves once the record at this offset, of partition 0, has been taken. */
  reached(offset: number): Promise<void>;
  /** Rejects when it can't be read any more. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

/** `partitions`: how many the topic has. */
export function openTail(moldau: Moldau, topic: string, partitions: number, take: (record: TailRecord) => void): TopicTail {
  const closing = new AbortController();
  const waiters = new Set<{ readonly offset: number; resolve(): void }>();
  /** By partition: offset of the last record taken. */
  const newest = new Array<number>(partitions).fill(-1);
  const taken = (record: TailRecord): void => {
    take(record);
    newest[record.partition] = record.offset;
  };
  const wake = (): void => {
    for (const waiter of waiters) {
      if (waiter.offset > (newest[0] ?? -1)) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  };
  const loaded = readToEnd(moldau, { topic }, taken);
  const follow = async (): Promise<void> => {
    await loaded;
    await using consumer = moldau.consumer<string, string>({
      assignment: newest.map((offset, partition) => ({ topic, partition, from: { offset: offset + 1 } })),
      isolation: 'read_committed',
      onOutOfRange: 'earliest',
      keyDeserializer: text,
      valueDeserializer: text,
      signal: closing.signal,
    });
    for await (const batch of consumer.batches()) {
      for (const record of batch) taken(record);
      wake();
    }
  };
  const ended = follow();
  const failed = ended.then(() => new Promise<never>(() => {}));
  failed.catch(() => {});
  return {
    loaded,
    failed,
    reached: (offset) =>
      new Promise((resolve) => {
        waiters.add({ offset, resolve });
        wake();
      }),
    async close(): Promise<void> {
      closing.abort();
      await ended.catch(() => {});
    },
  };
}
