/** Operations a second through a runtime whose log answers at once, and records a second when loading: `node shards.bench.ts`. */
import { type EncodedRecord, type LeaderEpoch, type Offset, offset, type Scheduler, silentMeter } from '@moldau/kernel';
import { countAt, RecordBatchBuilder, stampPosition } from '@moldau/records';
import type { ShardLog } from './shard-log.ts';
import type { ShardMachine, ShardOutcome } from './shard-machine.ts';
import { ShardMetrics } from './shard-metrics.ts';
import { ShardRuntime } from './shard-runtime.ts';

const OPERATIONS = 400_000;
const AT_ONCE = 2_000;
const STORED = 1_000_000;
const RECORDS_PER_BATCH = 200;

const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
const scheduler: Scheduler = {
  nextTurn: (callback) => void setImmediate(callback),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Like a commit of offsets: a key and a value of usual sizes. */
const RECORD: EncodedRecord = { key: new Uint8Array(48), value: new Uint8Array(64) };

class Counter implements ShardMachine {
  count = 0;
  replay(): void {
    this.count += 1;
  }
  begin(): void {}
  close(): void {}
  add(): ShardOutcome<number> {
    this.count += 1;
    return { records: [RECORD], response: this.count };
  }
}

function storedBatches(): readonly Uint8Array[] {
  return Array.from({ length: STORED / RECORDS_PER_BATCH }, (_, index) => {
    const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
    for (let at = 0; at < RECORDS_PER_BATCH; at += 1) builder.append(1, RECORD.key, RECORD.value ?? null);
    const batch = builder.build();
    stampPosition(batch, 0, offset(index * RECORDS_PER_BATCH), 0 as LeaderEpoch);
    return batch;
  });
}

async function run(): Promise<void> {
  const stored = storedBatches();
  let end = STORED;
  let appends = 0;
  const log: ShardLog = {
    async append({ recordBatch }) {
      const base = end;
      end += recordBatch.length === 0 ? 1 : countAt(recordBatch, 0);
      appends += 1;
      return await Promise.resolve({ baseOffset: base as Offset, endOffset: end as Offset });
    },
    async *read() {
      for (const batch of stored) yield await Promise.resolve(batch);
    },
  };
  const active = Promise.withResolvers<void>();
  const metrics = new ShardMetrics(silentMeter, 'groups');
  const deps = { clock, scheduler, log, metrics, newMachine: () => new Counter(), onActive: active.resolve };
  const runtime = new ShardRuntime(deps, { index: 0, shardEpoch: 1 });
  const loadFrom = performance.now();
  runtime.start();
  await active.promise;
  print('load', STORED, performance.now() - loadFrom);
  const from = performance.now();
  let done = 0;
  const caller = async (): Promise<void> => {
    for (; done < OPERATIONS; done += 1) await runtime.run((machine) => machine.add(), { timeoutMs: 5_000 });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  print(`operations of ${AT_ONCE} callers, ${Math.round(done / appends)} an append`, done, performance.now() - from);
}

function print(name: string, count: number, ms: number): void {
  process.stdout.write(`${name.padEnd(56)} ${Math.round((count * 1000) / ms).toLocaleString('en')}/s\n`);
}

await run();
