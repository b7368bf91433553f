import { leaderEpoch, MoldauError, offset } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { batchesIn } from './batches-in.ts';
import { stampPosition } from './patch-batch.ts';
import { ReadEpochs } from './read-epochs.ts';
import { RecordBatchBuilder } from './record-batch-builder.ts';

/** Batches of ten records each, of these epochs, from an offset on. */
function noteBatches(epochs: ReadEpochs, from: number, of: readonly number[]): void {
  const batches = of.map((epoch, index) => {
    const builder = new RecordBatchBuilder({ targetBytes: 1 << 20, maxBytes: 1 << 20 });
    for (let count = 0; count < 10; count++) builder.append(1, null, new Uint8Array(3));
    const bytes = Buffer.from(builder.build({}));
    stampPosition(bytes, 0, offset(from + 10 * index), leaderEpoch(epoch));
    return bytes;
  });
  const bytes = Buffer.concat(batches);
  epochs.note(bytes, [...batchesIn(bytes)]);
}

const truncated = (divergingEpoch: number, divergingOffset: number): MoldauError =>
  new MoldauError('LOG_TRUNCATED', 'it was cut', { diverging_epoch: String(divergingEpoch), diverging_offset: String(divergingOffset) });

describe('the epochs of what was read', () => {
  it('are those of the batches before an offset, within one as behind it', () => {
    const epochs = new ReadEpochs();
    expect(epochs.before(0)).toBeUndefined();
    noteBatches(epochs, 50, [3, 3, 4]);
    noteBatches(epochs, 80, [4, 7]);
    expect([50, 51, 60, 70, 71, 90, 91, 100].map((at) => epochs.before(at))).toEqual([undefined, 3, 3, 3, 4, 4, 7, 7]);
    epochs.cut(90);
    expect([90, 100].map((at) => epochs.before(at))).toEqual([4, 4]);
    epochs.begin(undefined, undefined);
    expect(epochs.before(100)).toBeUndefined();
    epochs.begin(100, 8);
    expect([99, 100, 101].map((at) => epochs.before(at))).toEqual([undefined, 8, 8]);
  });

  it('are remembered for as many leaders as there is room for', () => {
    const epochs = new ReadEpochs();
    for (let epoch = 0; epoch < 100; epoch++) noteBatches(epochs, 10 * epoch, [epoch]);
    expect(epochs.before(1000)).toBe(99);
    expect(epochs.before(300)).toBeUndefined();
  });

  it('tell where what was read left the log, when the broker only knows where its own epoch ends', () => {
    const epochs = new ReadEpochs();
    noteBatches(epochs, 0, [3, 3, 4]);
    // Read: epoch 3 up to 20, then 4. The log: epoch 3 up to 25.
    expect(epochs.placed(truncated(3, 25)).facts).toMatchObject({ diverging_offset: '20', diverging_epoch: '3' });
    expect(epochs.placed(truncated(3, 15)).facts).toMatchObject({ diverging_offset: '15' });
    const other = new MoldauError('NOT_LEADER', 'elsewhere', {});
    expect(epochs.placed(other)).toBe(other);
  });
});
