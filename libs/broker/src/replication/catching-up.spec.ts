import type { MetadataImage } from '@moldau/cluster';
import { brokerId } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { CatchingUp } from './catching-up.ts';

interface Replicas {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly adding?: readonly number[];
  readonly removing?: readonly number[];
}

/** The parts of an image that are looked at. */
function image(partitions: readonly Replicas[], state = 'active'): MetadataImage {
  const records = partitions.map((partition) => ({ adding: [], removing: [], ...partition }));
  const topic = { topicId: 't', name: 'orders', state, partitions: { entries: () => records.entries(), get: (at: number) => records[at] } };
  return { topics: new Map([['t', topic]]) } as unknown as MetadataImage;
}

const inSync: Replicas = { replicas: [1, 2, 3], isr: [1, 2, 3] };
const late: Replicas = { replicas: [1, 2, 3], isr: [2, 3] };

describe('a broker that has started', () => {
  it('has caught up when every ISR of its partitions names it, and not before', () => {
    const broker = new CatchingUp(brokerId(1));
    expect(broker.reason(image([inSync, late]))).toBe('the replica of orders/1 is not in sync yet');
    expect(broker.reason(image([late, inSync]))).toBe('the replica of orders/0 is not in sync yet');
    expect(broker.reason(image([inSync, inSync]))).toBeUndefined();
  });

  it('has caught up for good: what falls behind later is another matter', () => {
    const broker = new CatchingUp(brokerId(1));
    expect(broker.reason(image([inSync]))).toBeUndefined();
    expect(broker.reason(image([late]))).toBeUndefined();
  });

  it('need not wait for partitions of others, on their way to it or from it, or of a topic that is being deleted', () => {
    const others: Replicas = { replicas: [2, 3], isr: [2] };
    const adding: Replicas = { replicas: [1, 2, 3], isr: [2, 3], adding: [1] };
    const removing: Replicas = { replicas: [1, 2, 3], isr: [2, 3], removing: [1] };
    expect(new CatchingUp(brokerId(1)).reason(image([others, adding, removing]))).toBeUndefined();
    expect(new CatchingUp(brokerId(1)).reason(image([late], 'deleting'))).toBeUndefined();
  });

  it('has not caught up where nobody leads', () => {
    expect(new CatchingUp(brokerId(1)).reason(image([{ replicas: [1, 2], isr: [] }]))).toBeDefined();
  });
});
