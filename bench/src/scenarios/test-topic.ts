import { createMoldau, type Moldau } from '@moldau/client';

export type Flush = 'sync' | 'async';

/** Thousands of partitions take their time. */
const REQUEST_TIMEOUT_MS = 120_000;

let counter = 0;

/** Makes a topic with a name of its own. */
export async function createTopic(
  bootstrap: string,
  partitions: number,
  flush: Flush,
  configs: Readonly<Record<string, string>> = {},
): Promise<string> {
  const name = `bench-${flush}-${partitions}-${process.pid}-${++counter}`;
  await using moldau = connect(bootstrap);
  const [result] = await moldau.admin().createTopics([{ name, partitions, configs: { flush, ...configs } }]);
  if (result?.error !== undefined) throw result.error;
  return name;
}

export async function deleteTopic(bootstrap: string, name: string): Promise<void> {
  await using moldau = connect(bootstrap);
  await moldau.admin().deleteTopics([name]);
}

/** Records in a topic, by where its partitions begin and end. */
export async function recordsIn(bootstrap: string, topic: string, partitions: number): Promise<number> {
  await using moldau = connect(bootstrap);
  const sumAt = async (position: 'earliest' | 'latest'): Promise<number> => {
    const inquiries = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, position }));
    const found = await moldau.admin().listOffsets(inquiries);
    return found.reduce((sum, { offset, error }) => {
      if (error !== undefined) throw error;
      return sum + (offset ?? 0);
    }, 0);
  };
  return (await sumAt('latest')) - (await sumAt('earliest'));
}

function connect(bootstrap: string): Moldau {
  return createMoldau({ bootstrap, requestTimeoutMs: REQUEST_TIMEOUT_MS });
}
