import { spawnStandalone } from '@moldau/harness';
import { diskTooSmall } from '../measure/free-disk.ts';
import { residentMiBOf } from '../measure/process-usage.ts';
import { type Figure, figureOf } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { type Scenario, scaled } from './scenario.ts';
import { createTopic, deleteTopic } from './test-topic.ts';

const PARTITIONS = 6;
const SIZE = 100;
const BLOCKS = 10;
const BLOCK_RECORDS = 10_000_000;
const WARM_UP_RECORDS = 3_000_000;
/**
 * Retention bounds the disk to about half of the 11 GB that are written, so that deletion runs meanwhile: 6 partitions of 0.5 GiB
 * and a segment each.
 */
const CONFIGS = { 'segment.bytes': String(128 * 2 ** 20), 'retention.bytes': String(512 * 2 ** 20), 'file.delete.delay.ms': '1000' };
/** All of it: retention looks only now and then. */
const STORED_BYTES = 12 * 2 ** 30;
const RATE_SHARE_MIN = 0.9;
const MEMORY_SHARE_MAX = 1.1;

/** A hundred million records into one topic: whether speed or memory changes on the way. */
export const flat: Scenario = {
  name: 'flat',
  description: 'rate and memory from the 1st to the 100th million records, by each ten million',
  async run(context) {
    const notRun = diskTooSmall(STORED_BYTES * context.scale);
    if (notRun !== undefined) return { notRun };
    await using standalone = await spawnStandalone();
    await using worker = await Worker.connect(standalone.address);
    const produce = async (topic: string, records: number): Promise<number> =>
      (await worker.run({ kind: 'produce', topics: [topic], records: scaled(context, records), size: SIZE })).recordsPerSecond;
    const warmUp = await createTopic(standalone.address, PARTITIONS, 'sync');
    await produce(warmUp, WARM_UP_RECORDS);
    await deleteTopic(standalone.address, warmUp);

    const topic = await createTopic(standalone.address, PARTITIONS, 'sync', CONFIGS);
    const rates: number[] = [];
    const resident: number[] = [];
    for (let block = 1; block <= BLOCKS; block++) {
      rates.push(await produce(topic, BLOCK_RECORDS));
      resident.push(residentMiBOf(standalone.process.pid) ?? Number.NaN);
      context.say(`  block ${block}: ${numberText(rates.at(-1))} records/s, ${numberText(resident.at(-1))} MiB resident`);
    }
    return [...figuresOf('rate', 'records/s', rates), ...figuresOf('resident memory', 'MiB', resident)];
  },
};

const GOALS = {
  rate: { kind: 'at least', value: RATE_SHARE_MIN },
  'resident memory': { kind: 'at most', value: MEMORY_SHARE_MAX },
} as const;

function figuresOf(what: keyof typeof GOALS, unit: string, values: readonly number[]): readonly Figure[] {
  const group = `From the 1st to the 100th million records of 100 B, flush=sync: ${what}`;
  const share = (values.at(-1) ?? Number.NaN) / (values[0] ?? Number.NaN);
  return [
    ...values.map((value, index) => figureOf({ group, name: `block ${index + 1} of ${values.length}`, unit }, value)),
    figureOf({ group, name: 'last block against the first', unit: '×' }, share, GOALS[what]),
  ];
}
