import { createMoldau } from '@moldau/client';
import { spawnStandalone } from '@moldau/harness';
import { residentBytes } from '../fixture/process-memory.ts';
import { createTopic } from '../fixture/topic.ts';

const PARTITIONS_PER_TOPIC = 1000;

export interface ManyPartitionsResult {
  readonly partitions: number;
  readonly createMs: number;
  /** Until a record of each partition was acknowledged. */
  readonly produceMs: number;
  /** From spawning the process to its being ready, over all partitions, after a graceful stop and after kill -9. */
  readonly restartMs: number;
  readonly restartAfterKillMs: number;
  readonly openFiles: number;
  readonly residentMib: number;
  /** Records read back at the end. */
  readonly read: number;
}

/** One standalone with many partitions: creates them, writes to each, restarts, writes to each again, reads all. */
export async function runManyPartitions(partitions: number, countOpenFiles: (pid: number) => number): Promise<ManyPartitionsResult> {
  await using server = await spawnStandalone();
  const moldau = createMoldau({ bootstrap: server.address, requestTimeoutMs: 120_000 });
  const topics = Array.from({ length: Math.ceil(partitions / PARTITIONS_PER_TOPIC) }, (_, index) => ({
    name: `many-${index}`,
    partitions: Math.min(PARTITIONS_PER_TOPIC, partitions - index * PARTITIONS_PER_TOPIC),
  }));
  const createMs = await timed(async () => {
    for (const topic of topics) await createTopic(moldau, topic.name, topic);
  });
  const produceMs = await timed(() => writeToAll(moldau, topics));
  await server.stop();
  await server.restart();
  const restartMs = server.spawnToReadyMs;
  await writeToAll(moldau, topics);
  await server.kill();
  await server.restart();
  const restartAfterKillMs = server.spawnToReadyMs;
  await writeToAll(moldau, topics);
  const ends = await Promise.all(topics.map((topic) => sumOfEnds(moldau, topic)));
  const result = {
    partitions,
    createMs,
    produceMs,
    restartMs,
    restartAfterKillMs,
    openFiles: countOpenFiles(server.process.pid),
    residentMib: residentBytes(server.process.pid) / 2 ** 20,
    read: ends.reduce((sum, end) => sum + end, 0),
  };
  await moldau.close();
  return result;
}

interface ManyTopic {
  readonly name: string;
  readonly partitions: number;
}

async function writeToAll(moldau: ReturnType<typeof createMoldau>, topics: readonly ManyTopic[]): Promise<void> {
  const producer = moldau.producer();
  const deliveries = topics.flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) =>
      producer.send({ topic: name, partition, value: Buffer.from(`${name}-${partition}`) }),
    ),
  );
  await Promise.all(deliveries);
  await producer.close();
}

async function sumOfEnds(moldau: ReturnType<typeof createMoldau>, topic: ManyTopic): Promise<number> {
  const queries = Array.from({ length: topic.partitions }, (_, partition) => ({
    topic: topic.name,
    partition,
    position: 'latest' as const,
  }));
  const offsets = await moldau.admin().listOffsets(queries);
  return offsets.reduce((sum, { offset }) => sum + (offset ?? 0), 0);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
