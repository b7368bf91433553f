import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { residentMiBOf } from '../measure/process-usage.ts';
import { type Figure, figureOf, type Goal } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { type BenchContext, type Scenario, scaled } from './scenario.ts';
import { createTopic, recordsIn } from './test-topic.ts';

const GROUP = '10,000 partitions in one standalone, flush=sync';
const TOPICS = 10;
const PARTITIONS_PER_TOPIC = 1000;
const SIZE = 100;
const RECORDS = 1_000_000;
/** Before each restart: ten records for each partition. */
const DIRTY_RECORDS = 100_000;
const READY_MS_MAX = 15_000;
const READY_TIMEOUT_MS = 120_000;

interface Written {
  records: number;
}

/** One process that holds very many partitions: create them, write to all, start again. */
export const manyPartitions: Scenario = {
  name: 'many-partitions',
  description: '10,000 partitions: creating, produce over all of them, start, memory',
  async run(context) {
    await using standalone = await spawnStandalone({ readyTimeoutMs: READY_TIMEOUT_MS });
    const perTopic = Math.max(1, Math.round(PARTITIONS_PER_TOPIC * context.scale));
    const begin = performance.now();
    const topics: string[] = [];
    for (let topic = 0; topic < TOPICS; topic++) topics.push(await createTopic(standalone.address, perTopic, 'sync'));
    const createMs = performance.now() - begin;
    const idle = residentOf(standalone);
    context.say(`  ${TOPICS * perTopic} partitions created in ${numberText(createMs)} ms, ${numberText(idle)} MiB resident`);

    const written: Written = { records: 0 };
    const rates: number[] = [];
    for (let run = 1; run <= context.runs; run++) {
      rates.push(await produceOverAll(context, standalone, topics, { perTopic, records: RECORDS, written }));
      context.say(`  run ${run}: ${numberText(rates.at(-1))} records/s over all partitions`);
    }
    const loaded = residentOf(standalone);
    const starts = await measureStarts(context, standalone, () =>
      produceOverAll(context, standalone, topics, { perTopic, records: DIRTY_RECORDS, written }),
    );
    await assertAllThere(standalone, topics, perTopic, written);

    const figure = (name: string, unit: string, values: number | readonly number[], goal?: Goal): Figure =>
      figureOf({ group: GROUP, name, unit }, values, goal);
    const ready: Goal = { kind: 'at most', value: READY_MS_MAX };
    return [
      figure(`creating them, in ${TOPICS} topics`, 'ms', createMs),
      figure('produce 100 B, to all by turns', 'records/s', rates),
      figure('ready after a clean stop', 'ms', starts.afterStop, ready),
      figure('ready after kill -9', 'ms', starts.afterKill, ready),
      figure('resident memory, created', 'MiB', idle),
      figure('resident memory after produce', 'MiB', loaded),
    ];
  },
};

async function measureStarts(
  context: BenchContext,
  standalone: SpawnedStandalone,
  makeDirty: () => Promise<unknown>,
): Promise<{ readonly afterStop: readonly number[]; readonly afterKill: readonly number[] }> {
  const afterStop: number[] = [];
  const afterKill: number[] = [];
  for (let run = 1; run <= context.runs; run++) {
    await makeDirty();
    await standalone.stop();
    await standalone.restart();
    afterStop.push(standalone.spawnToReadyMs);
    await makeDirty();
    await standalone.kill();
    await standalone.restart();
    afterKill.push(standalone.spawnToReadyMs);
    context.say(
      `  run ${run}: ready ${numberText(afterStop.at(-1))} ms after a clean stop, ${numberText(afterKill.at(-1))} ms after kill -9`,
    );
  }
  return { afterStop, afterKill };
}

async function produceOverAll(
  context: BenchContext,
  standalone: SpawnedStandalone,
  topics: readonly string[],
  { perTopic, records, written }: { readonly perTopic: number; readonly records: number; readonly written: Written },
): Promise<number> {
  const [first, ...others] = topics;
  if (first === undefined) throw new Error('there are no topics');
  await using worker = await Worker.connect(standalone.address);
  const task = { kind: 'produce', topics: [first, ...others], records: scaled(context, records), size: SIZE, byTurns: perTopic } as const;
  const produced = await worker.run(task);
  written.records += produced.records;
  return produced.recordsPerSecond;
}

async function assertAllThere(standalone: SpawnedStandalone, topics: readonly string[], perTopic: number, written: Written): Promise<void> {
  let there = 0;
  for (const topic of topics) there += await recordsIn(standalone.address, topic, perTopic);
  if (there !== written.records) throw new Error(`${there} records are there, ${written.records} were acknowledged`);
}

function residentOf(standalone: SpawnedStandalone): number {
  return residentMiBOf(standalone.process.pid) ?? Number.NaN;
}
