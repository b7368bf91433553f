import { spawnStandalone } from '@moldau/harness';
import { spreadOf } from '../measure/statistics.ts';
import type { Figure } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { type Scenario, scaled } from './scenario.ts';
import { createTopic, deleteTopic } from './test-topic.ts';

const COUNTS = [1, 6, 100, 1000] as const;
const SIZES = [
  { size: 100, records: 2_000_000 },
  { size: 1024, records: 300_000 },
] as const;
const COMPARED_PARTITIONS = 6;
/** The rate over 1,000 dirty partitions with flush=sync, as a share of the rate over 6. */
const SHARE_MIN = 0.5;

/** The producer over ever more partitions, by its default partitioner: a batch for one partition, then for another. */
export const dirtyPartitions: Scenario = {
  name: 'partitions',
  description: 'records per second over 1, 6, 100 and 1,000 partitions, flush sync and async',
  async run(context) {
    await using standalone = await spawnStandalone();
    await using worker = await Worker.connect(standalone.address);
    const figures: Figure[] = [];
    for (const flush of ['async', 'sync'] as const) {
      for (const { size, records } of SIZES) {
        const base: number[] = [];
        for (const partitions of COUNTS) {
          const rates: number[] = [];
          for (let run = 0; run <= context.runs; run++) {
            const topic = await createTopic(standalone.address, partitions, flush);
            const task = { kind: 'produce', topics: [topic], records: scaled(context, records), size } as const;
            const { recordsPerSecond } = await worker.run(task);
            await deleteTopic(standalone.address, topic);
            if (run > 0) rates.push(recordsPerSecond);
          }
          if (partitions === COMPARED_PARTITIONS) base.push(spreadOf(rates).median);
          context.say(`  flush=${flush}, ${size} B, ${partitions} partitions: ${numberText(spreadOf(rates).median)} records/s`);
          const goal =
            flush === 'sync' && partitions === COUNTS.at(-1)
              ? { goal: { kind: 'at least', value: SHARE_MIN * (base[0] ?? 0) } as const }
              : {};
          figures.push({
            group: `Produce over many partitions, ${size} B, flush=${flush}`,
            name: `${partitions} partitions`,
            unit: 'records/s',
            ours: spreadOf(rates),
            ...goal,
          });
        }
      }
    }
    return figures;
  },
};
