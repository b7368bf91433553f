import { type SpawnedStandalone, spawnStandalone } from '@moldau/harness';
import { diskTooSmall } from '../measure/free-disk.ts';
import { ratiosOf } from '../measure/statistics.ts';
import { type Figure, figureOf } from '../report/figure.ts';
import { numberText } from '../report/number-text.ts';
import { Worker } from '../worker/worker.ts';
import { type BenchContext, type Scenario, scaled } from './scenario.ts';
import { createTopic, deleteTopic } from './test-topic.ts';

const GROUP = 'Speed at 20 GB stored, flush=sync, 1 KB';
const PARTITIONS = 6;
const SIZE = 1024;
/** Of 1 KB each: 1 GiB. */
const GIGABYTE_RECORDS = 1_048_576;
const STORED_GIGABYTES = 20;
/** What each measurement writes: half a gigabyte. */
const MEASURED_RECORDS = 524_288;
/** A batch's and each record's own bytes, segments that wait for deletion, indexes. */
const OVERHEAD = 1.1;
const DELETED_GIGABYTES = 6;
/** Least share of the speed at 1 GB. */
const SHARE_MIN = 0.9;

/** A standalone with one topic and a warm client. */
interface Side {
  readonly standalone: SpawnedStandalone;
  readonly worker: Worker;
}

interface Speeds {
  readonly produce: number[];
  readonly fetch: number[];
}

interface Stage {
  readonly big: Speeds;
  readonly small: Speeds;
}

/**
 * A topic that grows, in turns with one of 1 GB that is made anew for each pair: first while both have 1 GB, which shows how
 * alike two measurements are here, then with 20 GB against 1 GB.
 */
export const storedSize: Scenario = {
  name: 'size',
  description: 'produce and fetch of the newest 1 GB: at 20 GB stored against 1 GB',
  async run(context) {
    const written = STORED_GIGABYTES + (0.5 * (context.runs + 1) + DELETED_GIGABYTES);
    const notRun = diskTooSmall(written * OVERHEAD * context.scale * 2 ** 30);
    if (notRun !== undefined) return { notRun };
    await using big = await spawnStandalone();
    await using small = await spawnStandalone();
    await using bigWorker = await Worker.connect(big.address);
    await using smallWorker = await Worker.connect(small.address);
    const sides = { big: { standalone: big, worker: bigWorker }, small: { standalone: small, worker: smallWorker } };
    const topic = await createTopic(big.address, PARTITIONS, 'sync');
    const gigabyte = scaled(context, GIGABYTE_RECORDS);
    await produce(sides.big, topic, gigabyte);
    const alike = await measurePairs(context, sides, topic, '1 GB');
    const already = gigabyte + (context.runs + 1) * scaled(context, MEASURED_RECORDS);
    await produce(sides.big, topic, Math.max(0, STORED_GIGABYTES * gigabyte - already));
    const grown = await measurePairs(context, sides, topic, '20 GB');
    return (['produce', 'fetch'] as const).flatMap((kind) => figuresOf(kind, alike, grown));
  },
};

async function measurePairs(
  context: BenchContext,
  { big, small }: { readonly big: Side; readonly small: Side },
  topic: string,
  stored: string,
): Promise<Stage> {
  const stage: Stage = { big: { produce: [], fetch: [] }, small: { produce: [], fetch: [] } };
  const records = { written: scaled(context, MEASURED_RECORDS), read: scaled(context, GIGABYTE_RECORDS) };
  for (let run = 0; run <= context.runs; run++) {
    const other = await createTopic(small.standalone.address, PARTITIONS, 'sync');
    await produce(small, other, records.read);
    const pair = [
      { side: big, topic, speeds: stage.big },
      { side: small, topic: other, speeds: stage.small },
    ];
    // Whoever comes second finds the disk as the first one left it.
    const inTurns = run % 2 === 0 ? pair : pair.toReversed();
    for (const { side, topic, speeds } of inTurns) speeds.produce.push(await produce(side, topic, records.written));
    for (const { side, topic, speeds } of inTurns) speeds.fetch.push(await fetchNewest(side, topic, records.read));
    await deleteTopic(small.standalone.address, other);
    const last = (kind: keyof Speeds): string =>
      `${kind} ${numberText(stage.big[kind].at(-1))} at ${stored}, ${numberText(stage.small[kind].at(-1))} at 1 GB`;
    context.say(`  ${run === 0 ? 'warm-up' : `run ${run}`}: ${last('produce')}; ${last('fetch')}`);
    if (run > 0) continue;
    for (const { speeds } of pair) speeds.produce.length = speeds.fetch.length = 0;
  }
  return stage;
}

async function produce({ worker }: Side, topic: string, records: number): Promise<number> {
  return (await worker.run({ kind: 'produce', topics: [topic], records, size: SIZE })).recordsPerSecond;
}

async function fetchNewest({ worker }: Side, topic: string, records: number): Promise<number> {
  return (await worker.run({ kind: 'consume', topic, records, newest: true })).recordsPerSecond;
}

function figuresOf(kind: keyof Speeds, alike: Stage, grown: Stage): readonly Figure[] {
  const what = kind === 'produce' ? 'produce' : 'fetch of the newest 1 GB';
  const place = (name: string, unit: string): { group: string; name: string; unit: string } => ({
    group: GROUP,
    name: `${what}, ${name}`,
    unit,
  });
  return [
    figureOf(place('1 GB stored', 'records/s'), grown.small[kind]),
    figureOf(place('20 GB stored', 'records/s'), grown.big[kind]),
    figureOf(place('1 GB against another 1 GB, pair by pair', '×'), ratiosOf(alike.big[kind], alike.small[kind])),
    figureOf(place('20 GB against 1 GB, pair by pair', '×'), ratiosOf(grown.big[kind], grown.small[kind]), {
      kind: 'at least',
      value: SHARE_MIN,
    }),
  ];
}
