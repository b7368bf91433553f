import { spawnStandalone } from '@moldau/harness';
import { ratiosOf, spreadOf } from '../measure/statistics.ts';
import type { Figure } from '../report/figure.ts';
import { Worker } from '../worker/worker.ts';
import { type Scenario, scaled } from './scenario.ts';
import { createTopic } from './test-topic.ts';

const PARTITIONS = 6;
const CASES = [
  { size: 100, records: 3_000_000, goal: 1 },
  { size: 1024, records: 400_000, goal: 1.5 },
] as const;

/** One consumer reads a topic from its beginning, each run in a fresh process, as Kafka's perf tool does, without its join. */
export const consumeSideBySide: Scenario = {
  name: 'consume',
  description: 'records per second of one consumer from the beginning of a topic',
  async run(context) {
    await using standalone = await spawnStandalone();
    const figures: Figure[] = [];
    for (const { size, records: full, goal } of CASES) {
      const records = scaled(context, full);
      const topic = await createTopic(standalone.address, PARTITIONS, 'async');
      await using producer = await Worker.connect(standalone.address);
      await producer.run({ kind: 'produce', topic, records, size, acks: 'all', byTurns: undefined });
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let run = 0; run <= context.runs; run++) {
        const kafka = await context.kafka?.perf(records, size, PARTITIONS);
        await using consumer = await Worker.connect(standalone.address);
        const { recordsPerSecond } = await consumer.run({ kind: 'consume', topic, records });
        context.say(
          `  ${size} B, ${run === 0 ? 'warm-up' : `run ${run}`}: ${Math.round(recordsPerSecond).toLocaleString('en')}, Kafka ${Math.round(kafka?.consume ?? 0).toLocaleString('en')}`,
        );
        if (run === 0) continue;
        ours.push(recordsPerSecond);
        if (kafka !== undefined) theirs.push(kafka.consume);
      }
      figures.push({
        group: 'Consume, 6 partitions',
        name: `${size} B`,
        unit: 'records/s',
        ours: spreadOf(ours),
        ...(theirs.length === 0 ? {} : { kafka: spreadOf(theirs), ratio: ratiosOf(ours, theirs) }),
        goal: { kind: 'ratio at least', value: goal },
      });
    }
    return figures;
  },
};
