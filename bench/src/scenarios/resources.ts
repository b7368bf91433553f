import { spawnStandalone } from '@moldau/harness';
import { PairedRuns } from '../measure/paired-runs.ts';
import { cpuSecondsOf, residentMiBOf } from '../measure/process-usage.ts';
import { type Figure, figureOf, type Goal } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { type BenchContext, type Scenario, scaled } from './scenario.ts';
import { createTopic } from './test-topic.ts';

const RECORDS = 10_000_000;
const READY_MS_MAX = 2000;
const RESIDENT_MIB_MAX = 250;
const GROUP = 'The process of a standalone';

/** What a standalone costs: time to start, memory, CPU. */
export const resources: Scenario = {
  name: 'resources',
  description: 'start-up time, memory after 10 million records, CPU per million records',
  async run(context) {
    return [await startUp(context), ...(await load(context))];
  },
};

async function startUp(context: BenchContext): Promise<Figure> {
  const runs = new PairedRuns();
  for (let run = 1; run <= context.runs; run++) {
    const kafka = await context.kafka?.startUp();
    await using standalone = await spawnStandalone();
    runs.add(standalone.spawnToReadyMs, kafka);
    context.say(`  ready after ${numberText(standalone.spawnToReadyMs)} ms, Kafka ${numberText(kafka)}`);
  }
  return {
    group: GROUP,
    name: 'from start to ready',
    unit: 'ms',
    ...runs.comparison(context.kafka !== undefined),
    goal: { kind: 'at most', value: READY_MS_MAX },
  };
}

async function load(context: BenchContext): Promise<Figure[]> {
  await using standalone = await spawnStandalone();
  await using worker = await Worker.connect(standalone.address);
  const pid = standalone.process.pid;
  const idle = residentMiBOf(pid) ?? 0;
  const topic = await createTopic(standalone.address, 6, 'sync');
  const records = scaled(context, RECORDS);
  const before = cpuSecondsOf(pid) ?? 0;
  const produced = await worker.run({ kind: 'produce', topics: [topic], records, size: 100 });
  const middle = cpuSecondsOf(pid) ?? 0;
  const consumed = await worker.run({ kind: 'consume', topic, records });
  const after = cpuSecondsOf(pid) ?? 0;
  const resident = residentMiBOf(pid) ?? 0;
  const perMillion = (seconds: number): number => (seconds * 1e6) / records;
  const figure = (name: string, unit: string, value: number, goal?: Goal): Figure => figureOf({ group: GROUP, name, unit }, value, goal);
  context.say(`  ${resident} MiB resident after ${records.toLocaleString('en')} records`);
  return [
    figure('resident memory, idle', 'MiB', idle),
    figure(`resident memory after ${records.toLocaleString('en')} records written and read`, 'MiB', resident, {
      kind: 'at most',
      value: RESIDENT_MIB_MAX,
    }),
    figure('broker CPU per million records of 100 B produced, flush=sync', 's', perMillion(middle - before)),
    figure('broker CPU per million records of 100 B consumed', 's', perMillion(after - middle)),
    figure('producer CPU per million records of 100 B', 's', perMillion(produced.cpuSeconds)),
    figure('consumer CPU per million records of 100 B', 's', perMillion(consumed.cpuSeconds)),
  ];
}
