import { spawnStandalone } from '@moldau/harness';
import { ratiosOf, type Spread, spreadOf } from '../measure/statistics.ts';
import type { Figure } from '../report/figure.ts';
import { Worker } from '../worker/worker.ts';
import { type BenchContext, type Scenario, scaled } from './scenario.ts';
import { createTopic, deleteTopic, type Flush } from './test-topic.ts';

const PARTITIONS = 6;
const GROUP = 'Produce, 6 partitions, acks=all';

interface Case {
  readonly size: number;
  readonly records: number;
  readonly warmGoal: Readonly<Record<Flush, number>>;
  readonly coldGoal: Readonly<Record<Flush, number>> | undefined;
}

const CASES: readonly Case[] = [
  { size: 100, records: 3_000_000, warmGoal: { async: 1.5, sync: 1 }, coldGoal: { async: 3, sync: 2 } },
  { size: 1024, records: 400_000, warmGoal: { async: 2, sync: 1.2 }, coldGoal: undefined },
];

/** Our producer against Kafka's, in turns: warm clients, and fresh processes as Kafka's perf tool is one. */
export const produceSideBySide: Scenario = {
  name: 'produce',
  description: 'records per second of one producer, side by side with the anchor when there is one',
  async run(context) {
    await using standalone = await spawnStandalone();
    await using worker = await Worker.connect(standalone.address);
    const figures: Figure[] = [];
    for (const each of CASES) {
      figures.push(...(await warm(context, standalone.address, worker, each)));
      figures.push(...(await cold(context, standalone.address, each)));
    }
    return figures;
  },
};

async function warm(context: BenchContext, bootstrap: string, worker: Worker, each: Case): Promise<Figure[]> {
  const records = scaled(context, each.records);
  const ours: Record<Flush, number[]> = { sync: [], async: [] };
  const theirs: number[] = [];
  for (let run = 0; run <= context.runs; run++) {
    const kafka = await context.kafka?.warmProduce(Math.round(records / 2), each.size);
    for (const flush of ['async', 'sync'] as const) {
      const rate = await produceOnce(bootstrap, worker, flush, records, each.size);
      if (run > 0) ours[flush].push(rate);
    }
    if (run > 0 && kafka !== undefined) theirs.push(kafka);
    context.say(
      `  ${each.size} B, warm, ${run === 0 ? 'warm-up' : `run ${run}`}: async ${rounded(ours.async.at(-1))}, sync ${rounded(ours.sync.at(-1))}, Kafka ${rounded(kafka)}`,
    );
  }
  return (['async', 'sync'] as const).map((flush) =>
    figure(`${each.size} B, warm client, flush=${flush}`, ours[flush], theirs, each.warmGoal[flush]),
  );
}

async function cold(context: BenchContext, bootstrap: string, each: Case): Promise<Figure[]> {
  const records = Math.round(scaled(context, each.records) / 3);
  const ours: Record<Flush, number[]> = { sync: [], async: [] };
  const theirs: number[] = [];
  for (let run = 0; run < context.runs; run++) {
    const kafka = await context.kafka?.perf(records, each.size, PARTITIONS);
    if (kafka !== undefined) theirs.push(kafka.produce);
    for (const flush of ['async', 'sync'] as const) {
      await using fresh = await Worker.connect(bootstrap);
      ours[flush].push(await produceOnce(bootstrap, fresh, flush, records, each.size));
    }
    context.say(
      `  ${each.size} B, fresh, run ${run + 1}: async ${rounded(ours.async.at(-1))}, sync ${rounded(ours.sync.at(-1))}, Kafka ${rounded(kafka?.produce)}`,
    );
  }
  return (['async', 'sync'] as const).map((flush) =>
    figure(`${each.size} B, fresh process, flush=${flush}`, ours[flush], theirs, each.coldGoal?.[flush]),
  );
}

async function produceOnce(bootstrap: string, worker: Worker, flush: Flush, records: number, size: number): Promise<number> {
  const topic = await createTopic(bootstrap, PARTITIONS, flush);
  const result = await worker.run({ kind: 'produce', topic, records, size, acks: 'all', byTurns: undefined });
  await deleteTopic(bootstrap, topic);
  return result.recordsPerSecond;
}

function figure(name: string, ours: readonly number[], theirs: readonly number[], goal: number | undefined): Figure {
  const own: { readonly group: string; readonly name: string; readonly unit: string; readonly ours: Spread } = {
    group: GROUP,
    name,
    unit: 'records/s',
    ours: spreadOf(ours),
  };
  return {
    ...own,
    ...(theirs.length === 0 ? {} : { kafka: spreadOf(theirs), ratio: ratiosOf(ours, theirs) }),
    ...(goal === undefined ? {} : { goal: { kind: 'ratio at least', value: goal } }),
  };
}

function rounded(value: number | undefined): string {
  return value === undefined ? '–' : Math.round(value).toLocaleString('en');
}
