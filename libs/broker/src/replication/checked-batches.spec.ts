import type { LeaderEpoch, Offset } from '@moldau/kernel';
import type { PartitionNews } from '@moldau/protocol';
import { buildFiller, nextOffsetAt } from '@moldau/records';
import { describe, expect, it } from 'vitest';
import { checkedBatches } from './checked-batches.ts';

const at = (offset: number): Offset => offset as Offset;

/** News with a filler over [10, 30). */
function news(): PartitionNews {
  const filler = { baseOffset: at(10), lastOffset: at(29), leaderEpoch: 2 as LeaderEpoch, maxTimestamp: 1000 };
  return { recordBatches: buildFiller(filler), leaderEpoch: 2 } as PartitionNews;
}

describe("a leader's batches", () => {
  it('begin at the end of a log that ends within what compaction joined there', () => {
    const run = checkedBatches(news(), at(17));
    expect(run).toMatchObject({ baseOffset: 17, endOffset: 30 });
    expect(checkedBatches({ ...news(), recordBatches: run?.bytes ?? new Uint8Array(0) }, at(17))).toEqual(run);
    expect(nextOffsetAt(run?.bytes ?? new Uint8Array(0), 0)).toBe(30);
  });

  it('stay as they are where the log ends before them or behind them', () => {
    for (const end of [9, 10, 30, 31]) expect(checkedBatches(news(), at(end))).toMatchObject({ baseOffset: 10, endOffset: 30 });
  });
});
