import { createMoldau } from '@moldau/client';

export type Flush = 'sync' | 'async';

let counter = 0;

/** Makes a topic with a name of its own. */
export async function createTopic(bootstrap: string, partitions: number, flush: Flush): Promise<string> {
  const name = `bench-${flush}-${partitions}-${process.pid}-${++counter}`;
  const moldau = createMoldau({ bootstrap });
  const [result] = await moldau.admin().createTopics([{ name, partitions, configs: { flush } }]);
  await moldau.close();
  if (result?.error !== undefined) throw result.error;
  return name;
}

export async function deleteTopic(bootstrap: string, name: string): Promise<void> {
  const moldau = createMoldau({ bootstrap });
  await moldau.admin().deleteTopics([name]);
  await moldau.close();
}
