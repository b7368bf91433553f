import { spawnStandalone } from '@moldau/harness';
import { PairedRuns } from '../measure/paired-runs.ts';
import type { Figure } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { type BenchContext, type Scenario, scaled } from './scenario.ts';
import { createTopic, deleteTopic, type Flush } from './test-topic.ts';

const PARTITIONS = 6;

/** What one call of Kafka's tools is compared with. A goal left out: the figure is printed, and nothing asked of it. */
interface Case {
  readonly size: number;
  readonly records: number;
  readonly produce: { readonly goal?: Readonly<Record<Flush, number>> } | undefined;
  readonly consume: { readonly goal: number } | undefined;
}

/** A million records is what Kafka's tool takes by default. Of 100 B it reads so many in a second, so three million are read. */
const CASES: readonly Case[] = [
  { size: 100, records: 1_000_000, produce: { goal: { async: 3, sync: 2 } }, consume: undefined },
  { size: 100, records: 3_000_000, produce: undefined, consume: { goal: 1 } },
  { size: 1024, records: 1_000_000, produce: {}, consume: { goal: 1.5 } },
];

interface Runs {
  readonly produce: Readonly<Record<Flush, PairedRuns>>;
  readonly consume: PairedRuns;
}

/** Processes that start, do one thing and end, as Kafka's performance tools are: they pay for their own compilation. */
export const freshProcesses: Scenario = {
  name: 'fresh',
  description: "records per second written and read by fresh processes, side by side with Kafka's performance tools",
  async run(context) {
    await using standalone = await spawnStandalone();
    const figures: Figure[] = [];
    for (const each of CASES) {
      const runs: Runs = { produce: { async: new PairedRuns(), sync: new PairedRuns() }, consume: new PairedRuns() };
      for (let run = 0; run <= context.runs; run++) await onePair(context, standalone.address, each, run === 0 ? undefined : runs);
      figures.push(...figuresOf(each, runs, context.kafka !== undefined));
    }
    return figures;
  },
};

/** Without `runs` it warms the brokers up. */
async function onePair(context: BenchContext, bootstrap: string, each: Case, runs: Runs | undefined): Promise<void> {
  const { size } = each;
  const records = scaled(context, each.records);
  const kafka = await context.kafka?.perf(records, size, PARTITIONS);
  const said: string[] = [];
  for (const flush of each.produce === undefined ? (['async'] as const) : (['async', 'sync'] as const)) {
    const topic = await createTopic(bootstrap, PARTITIONS, flush);
    const rate = await inFreshProcess(bootstrap, { kind: 'produce', topics: [topic], records, size });
    runs?.produce[flush].add(rate, kafka?.produce);
    said.push(`produce ${flush} ${numberText(rate)}`);
    if (flush === 'async' && each.consume !== undefined) {
      const read = await inFreshProcess(bootstrap, { kind: 'consume', topic, records });
      runs?.consume.add(read, kafka?.consume);
      said.push(`consume ${numberText(read)}`);
    }
    await deleteTopic(bootstrap, topic);
  }
  const theirs = `Kafka produce ${numberText(kafka?.produce)}, consume ${numberText(kafka?.consume)}`;
  context.say(`  ${records.toLocaleString('en')} of ${size} B, ${runs === undefined ? 'warm-up' : 'run'}: ${said.join(', ')}; ${theirs}`);
}

async function inFreshProcess(
  bootstrap: string,
  task:
    | { readonly kind: 'produce'; readonly topics: readonly [string]; readonly records: number; readonly size: number }
    | { readonly kind: 'consume'; readonly topic: string; readonly records: number },
): Promise<number> {
  await using worker = await Worker.connect(bootstrap);
  return (await worker.run(task)).recordsPerSecond;
}

function figuresOf({ size, produce, consume }: Case, runs: Runs, compared: boolean): readonly Figure[] {
  const figures: Figure[] = [];
  const unit = 'records/s';
  for (const flush of produce === undefined ? [] : (['async', 'sync'] as const)) {
    const goal = produce?.goal?.[flush];
    figures.push({
      group: "Produce, fresh processes as Kafka's tool, 6 partitions, acks=all",
      name: `${size} B, flush=${flush}`,
      unit,
      ...runs.produce[flush].comparison(compared),
      ...(goal === undefined ? {} : { goal: { kind: 'ratio at least', value: goal } }),
    });
  }
  if (consume === undefined) return figures;
  figures.push({
    group: "Consume, fresh processes as Kafka's tool, 6 partitions",
    name: `${size} B`,
    unit,
    ...runs.consume.comparison(compared),
    goal: { kind: 'ratio at least', value: consume.goal },
  });
  return figures;
}
