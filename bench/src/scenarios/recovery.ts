import { spawnStandalone } from '@moldau/harness';
import { diskTooSmall } from '../measure/free-disk.ts';
import { figureOf } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { type Scenario, scaled } from './scenario.ts';
import { createTopic, recordsIn } from './test-topic.ts';

const GROUP = 'Start over 10 GB in sealed segments, flush=sync';
const PARTITIONS = 6;
const SIZE = 1024;
const SEGMENT_BYTES = 128 * 2 ** 20;
const SEGMENT_BYTES_MIN = 2 ** 20;
/** 10 GiB sealed, and up to a segment of each partition that is not. */
const RECORDS = (10 * 2 ** 30 + PARTITIONS * SEGMENT_BYTES) / SIZE;
/** Written before each kill: half a segment of each partition is to be read again. */
const TAIL_RECORDS = (PARTITIONS * SEGMENT_BYTES) / 2 / SIZE;
const OVERHEAD = 1.1;
const READY_MS_MAX = 5000;

/** From the start of the process to its being ready, after kill -9 and after a clean stop. */
export const recovery: Scenario = {
  name: 'recovery',
  description: 'milliseconds to ready over 10 GB, after kill -9 and after a clean stop',
  async run(context) {
    const notRun = diskTooSmall((RECORDS + context.runs * TAIL_RECORDS) * SIZE * OVERHEAD * context.scale);
    if (notRun !== undefined) return { notRun };
    await using standalone = await spawnStandalone();
    const topic = await createTopic(standalone.address, PARTITIONS, 'sync', {
      'segment.bytes': String(Math.max(SEGMENT_BYTES_MIN, Math.round(SEGMENT_BYTES * context.scale))),
    });
    let written = 0;
    const produce = async (records: number): Promise<void> => {
      await using worker = await Worker.connect(standalone.address);
      written += (await worker.run({ kind: 'produce', topics: [topic], records: scaled(context, records), size: SIZE })).records;
    };
    await produce(RECORDS);
    const afterKill: number[] = [];
    const afterStop: number[] = [];
    for (let run = 1; run <= context.runs; run++) {
      await produce(TAIL_RECORDS);
      await standalone.kill();
      await standalone.restart();
      afterKill.push(standalone.spawnToReadyMs);
      await standalone.stop();
      await standalone.restart();
      afterStop.push(standalone.spawnToReadyMs);
      const there = await recordsIn(standalone.address, topic, PARTITIONS);
      if (there !== written) throw new Error(`${there} records after recovery, ${written} were acknowledged`);
      context.say(
        `  run ${run}: ready ${numberText(afterKill.at(-1))} ms after kill -9, ${numberText(afterStop.at(-1))} ms after a clean stop`,
      );
    }
    return [
      figureOf({ group: GROUP, name: 'ready after kill -9', unit: 'ms' }, afterKill, { kind: 'at most', value: READY_MS_MAX }),
      figureOf({ group: GROUP, name: 'ready after a clean stop', unit: 'ms' }, afterStop),
    ];
  },
};
