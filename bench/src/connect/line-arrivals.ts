import type { Moldau } from '@moldau/client';

/** When records came out of topics, by the clock of this process. */
export interface LineArrivals extends AsyncDisposable {
  /** Times of a topic's records so far, rising. */
  of(topic: string): readonly number[];
}

/** Reads topics of one partition each. */
export function watchArrivals(moldau: Moldau, topics: readonly string[]): LineArrivals {
  const arrivals = new Map(topics.map((topic) => [topic, [] as number[]]));
  const consumer = moldau.consumer({
    assignment: topics.map((topic) => ({ topic, from: 'earliest' as const })),
    isolation: 'read_committed',
  });
  const reading = (async () => {
    for await (const { topic } of consumer) arrivals.get(topic)?.push(performance.now());
  })();
  return {
    of: (topic) => arrivals.get(topic) ?? [],
    async [Symbol.asyncDispose](): Promise<void> {
      await consumer.close();
      await reading;
    },
  };
}
