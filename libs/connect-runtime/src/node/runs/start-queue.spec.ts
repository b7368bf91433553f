import { describe, expect, it } from 'vitest';
import { type Leave, StartQueue } from './start-queue.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the queue of threads that start', () => {
  it('lets so many start at once, and those that come first before those that may wait', async () => {
    const queue = new StartQueue(2);
    const order: string[] = [];
    const leaves = new Map<string, Leave>();
    const ask = (name: string, isFirst: boolean): void => {
      void queue.turn(isFirst).then((leave) => {
        order.push(name);
        leaves.set(name, leave);
      });
    };
    for (const name of ['planner-1', 'planner-2', 'planner-3']) ask(name, false);
    for (const name of ['task-1', 'task-2']) ask(name, true);
    await settled();
    expect(order).toEqual(['planner-1', 'planner-2']);
    leaves.get('planner-1')?.();
    leaves.get('planner-1')?.();
    await settled();
    expect(order).toEqual(['planner-1', 'planner-2', 'task-1']);
    leaves.get('planner-2')?.();
    leaves.get('task-1')?.();
    await settled();
    expect(order).toEqual(['planner-1', 'planner-2', 'task-1', 'task-2', 'planner-3']);
  });
});
