import { AssertionError, isUuid, MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { SimCompute } from '../compute/sim-compute.ts';
import { SeededIds } from '../random/seeded-ids.ts';
import { SeededRandom } from '../random/seeded-random.ts';
import { SimScheduler } from '../time/sim-scheduler.ts';
import { RecordingLogger } from './recording-logger.ts';
import { RecordingMeter } from './recording-meter.ts';

describe('RecordingLogger', () => {
  it('keeps lines with the fields of the child that wrote them', () => {
    const logger = new RecordingLogger();
    logger.child({ node: 1 }).child({ part: 'log' }).warn('slow', { ms: 5 });
    logger.info('hello');
    expect(logger.lines).toEqual([
      { level: 'warn', message: 'slow', fields: { node: 1, part: 'log', ms: 5 } },
      { level: 'info', message: 'hello', fields: {} },
    ]);
    expect(logger.at('warn')).toHaveLength(1);
  });
});

describe('RecordingMeter', () => {
  it('keeps values by name and labels', () => {
    const meter = new RecordingMeter();
    const requests = meter.counter({ name: 'requests', help: '', labels: ['method'] });
    requests.with('a').add(2);
    requests.with('a').add(1);
    meter
      .gauge({ name: 'size', help: '' })
      .with()
      .observe(() => 7);
    meter
      .histogram({ name: 'seconds', help: '', buckets: [1] })
      .with()
      .record(0.5);
    expect([meter.value('requests', 'a'), meter.value('requests', 'b'), meter.value('size'), meter.values('seconds')]).toEqual([
      3,
      0,
      7,
      [0.5],
    ]);
    requests.remove('a');
    expect(meter.value('requests', 'a')).toBe(0);
    expect(() => requests.with('a').add(-1)).toThrow(AssertionError);
    expect(() => requests.with()).toThrow(AssertionError);
    expect(() => meter.counter({ name: 'requests', help: '', labels: ['other'] })).toThrow(AssertionError);
  });
});

describe('SeededIds', () => {
  it('gives version 4 UUIDs, the same from the same seed', () => {
    const ids = new SeededIds(new SeededRandom(1));
    const first = ids.uuid();
    expect(isUuid(first)).toBe(true);
    expect(first).toMatch(/^.{14}4.{4}[89ab]/);
    expect(new SeededIds(new SeededRandom(1)).uuid()).toBe(first);
    expect(ids.uuid()).not.toBe(first);
  });
});

describe('SimCompute', () => {
  it('works in virtual time on the bytes it was given', async () => {
    const scheduler = new SimScheduler();
    const compute = new SimCompute({
      scheduler,
      latency: (bytes) => bytes,
      codecs: {
        compress: (_codec, bytes) => bytes,
        decompress: () => {
          throw new MoldauError('CORRUPT_BATCH', 'bad');
        },
      },
    });
    const bytes = new Uint8Array([1, 2, 3]);
    const job = compute.compress('none', bytes);
    bytes.fill(9);
    expect(await scheduler.until(job)).toEqual(new Uint8Array([1, 2, 3]));
    expect(scheduler.nowMs).toBe(3);
    await expect(scheduler.until(compute.decompress('gzip', bytes, 10))).rejects.toMatchObject({ reason: 'CORRUPT_BATCH' });
  });
});
