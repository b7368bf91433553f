import type { BrokerId, Offset } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { HighWatermark, type ReplicationTerms } from './high-watermark.ts';

const ids = (...values: number[]): BrokerId[] => values as BrokerId[];
const ends = (writtenEnd: number, flushedEnd: number): { writtenEnd: Offset; flushedEnd: Offset } => ({
  writtenEnd: writtenEnd as Offset,
  flushedEnd: flushedEnd as Offset,
});
function terms(isr: number[], rest: Partial<ReplicationTerms> = {}): ReplicationTerms {
  return { isr: ids(...isr), proposedIsr: ids(...isr), minIsr: 1, flush: 'sync', ...rest };
}
const [one, two, three] = ids(1, 2, 3) as [BrokerId, BrokerId, BrokerId];

describe('the high watermark', () => {
  it('of a single replica is its flushed end, or its written end with flush=async', () => {
    const sync = new HighWatermark(0 as Offset, terms([1]));
    expect(sync.progressed(one, ends(10, 4))).toBe(true);
    expect(sync.value).toBe(4);
    const lazy = new HighWatermark(0 as Offset, terms([1], { flush: 'async' }));
    lazy.progressed(one, ends(10, 4));
    expect(lazy.value).toBe(10);
  });

  it('is the minimum over the ISR, and waits for members it has not heard of', () => {
    const watermark = new HighWatermark(0 as Offset, terms([1, 2, 3]));
    watermark.progressed(one, ends(10, 10));
    watermark.progressed(two, ends(7, 6));
    expect(watermark.value).toBe(0);
    expect(watermark.progressed(three, ends(9, 8))).toBe(true);
    expect(watermark.value).toBe(6);
  });

  it('counts proposed members too until the proposal is settled', () => {
    const watermark = new HighWatermark(0 as Offset, terms([1, 2], { proposedIsr: ids(1) }));
    watermark.progressed(one, ends(10, 10));
    watermark.progressed(two, ends(3, 3));
    expect(watermark.value).toBe(3);
    expect(watermark.changeTerms(terms([1]))).toBe(true);
    expect(watermark.value).toBe(10);
    watermark.changeTerms(terms([1], { proposedIsr: ids(1, 2) }));
    watermark.progressed(one, ends(20, 20));
    expect(watermark.value).toBe(10);
  });

  it('stands still while the committed ISR is smaller than its minimum, however large the proposed one', () => {
    const watermark = new HighWatermark(0 as Offset, terms([1], { proposedIsr: ids(1, 2), minIsr: 2 }));
    watermark.progressed(one, ends(10, 10));
    watermark.progressed(two, ends(10, 10));
    expect(watermark.hasQuorum).toBe(false);
    expect(watermark.value).toBe(0);
    watermark.changeTerms(terms([1, 2], { minIsr: 2 }));
    expect(watermark.value).toBe(10);
  });

  it('never goes back', () => {
    const watermark = new HighWatermark(5 as Offset, terms([1]));
    expect(watermark.progressed(one, ends(3, 3))).toBe(false);
    expect(watermark.value).toBe(5);
  });
});
