import { describe, expect, it } from 'vitest';
import { GapMeter } from './gap-meter.ts';
import { Ledger } from './ledger.ts';

describe('a ledger of records', () => {
  it('counts what was acknowledged, read, and not read yet', () => {
    const ledger = new Ledger();
    const [first, second, third] = [ledger.next(), ledger.next(), ledger.next()];
    ledger.acknowledged(first);
    ledger.read(0, second);
    ledger.acknowledged(second);
    ledger.failed(third);
    expect(ledger.totals()).toEqual({ sent: 3, acknowledged: 2, failed: 1, read: 1, unread: 1, duplicated: 0, reordered: 0 });
    ledger.read(0, first);
    expect(ledger.totals()).toMatchObject({ read: 2, unread: 0, reordered: 1 });
  });

  it('counts what is read twice, and what nobody sent', () => {
    const ledger = new Ledger();
    for (let count = 0; count < 70_000; count += 1) ledger.read(0, ledger.next());
    ledger.read(0, 69_999);
    ledger.read(0, 70_000);
    expect(ledger.totals()).toMatchObject({ read: 70_000, duplicated: 2, reordered: 0 });
  });
});

describe('a meter of gaps', () => {
  it('knows the longest of some partitions, also while it lasts', () => {
    const meter = new GapMeter(2, 0);
    meter.happened(0, 10);
    meter.happened(0, 40);
    meter.happened(1, 45);
    expect(meter.longest([0], 50)).toBe(30);
    expect(meter.longest([0, 1], 50)).toBe(45);
    meter.restart();
    meter.happened(0, 55);
    expect(meter.longest([0], 60)).toBe(15);
    expect(meter.longest([1], 60)).toBe(15);
    expect(meter.longest([], 60)).toBe(0);
  });
});
