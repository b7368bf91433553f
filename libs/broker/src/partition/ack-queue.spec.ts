import { MoldauError, type Offset } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { AckQueue } from './ack-queue.ts';
import { PendingBatch } from './pending-batch.ts';

const sink = { completed: (): void => {} };

function batch(id: number, base: number, end: number, deadlineMs = 1_000): PendingBatch {
  const pending = new PendingBatch(sink, id, 1, 'all', 0, deadlineMs);
  pending.appended(base as Offset, end as Offset, 0 as Offset, undefined);
  return pending;
}

function failed(id: number): PendingBatch {
  const pending = new PendingBatch(sink, id, 1, 'all', 0, 1_000);
  pending.error = new MoldauError('CORRUPT_BATCH', 'bad');
  return pending;
}

function recorder(): { readonly seen: [number, string | undefined][]; readonly done: (pending: PendingBatch) => void } {
  const seen: [number, string | undefined][] = [];
  return { seen, done: (pending) => seen.push([pending.id, pending.error?.reason]) };
}

describe('the queue of unconfirmed batches', () => {
  it('confirms in order what the watermark has reached', () => {
    const queue = new AckQueue();
    const { seen, done } = recorder();
    for (let id = 1; id <= 3; id += 1) queue.push(batch(id, id - 1, id));
    queue.confirm(2, done);
    expect(seen.map(([id]) => id)).toEqual([1, 2]);
    expect(queue.length).toBe(1);
  });

  it('keeps a failed batch and an old duplicate behind those that came before', () => {
    const queue = new AckQueue();
    const { seen, done } = recorder();
    queue.push(batch(1, 5, 9));
    queue.push(failed(2));
    queue.push(batch(3, 0, 1));
    queue.confirm(8, done);
    expect(seen).toEqual([]);
    queue.confirm(9, done);
    expect(seen).toEqual([
      [1, undefined],
      [2, 'CORRUPT_BATCH'],
      [3, undefined],
    ]);
  });

  it('expires what is due, wherever it stands', () => {
    const queue = new AckQueue();
    const { seen, done } = recorder();
    queue.push(batch(1, 0, 1, 500));
    queue.push(batch(2, 1, 2, 100));
    queue.push(batch(3, 2, 3, 300));
    queue.expire(99, done);
    queue.expire(300, done);
    expect(seen.map(([id]) => id)).toEqual([2, 3]);
    queue.confirm(9, done);
    expect(seen.map(([id]) => id)).toEqual([2, 3, 1]);
  });

  it('fails what was taken back and all that needs it, and spares the rest', () => {
    const queue = new AckQueue();
    const { seen, done } = recorder();
    queue.push(batch(1, 0, 4));
    queue.push(batch(2, 4, 6));
    queue.push(batch(3, 4, 6)); // a duplicate of what is taken back
    queue.push(batch(4, 1, 3)); // a duplicate of an older one
    queue.push(failed(5));
    queue.drop(4, 6, new MoldauError('DISK_FULL', 'full'), done);
    expect(seen).toEqual([
      [2, 'DISK_FULL'],
      [3, 'DISK_FULL'],
    ]);
    queue.confirm(4, done);
    expect(seen.slice(2)).toEqual([
      [1, undefined],
      [4, undefined],
      [5, 'CORRUPT_BATCH'],
    ]);
  });

  it('gives all the same end when leadership is lost, but errors of their own stay', () => {
    const queue = new AckQueue();
    const { seen, done } = recorder();
    queue.push(batch(1, 0, 1));
    queue.push(failed(2));
    queue.clear(new MoldauError('LEADER_CHANGED_AFTER_APPEND', 'moved'), done);
    expect(seen).toEqual([
      [1, 'LEADER_CHANGED_AFTER_APPEND'],
      [2, 'CORRUPT_BATCH'],
    ]);
    expect(queue.length).toBe(0);
  });
});
