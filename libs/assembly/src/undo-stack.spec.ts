import { describe, expect, it } from 'vitest';
import { createUndoStack } from './undo-stack.ts';

describe('what has been done', () => {
  it('is undone last first, one step after the other, and once', async () => {
    const stack = createUndoStack();
    const seen: string[] = [];
    for (const name of ['a', 'b']) {
      stack.push(async () => {
        await Promise.resolve();
        seen.push(name);
      });
    }
    await Promise.all([stack.undoAll(), stack.undoAll()]);
    expect(seen).toEqual(['b', 'a']);
  });

  it('is undone to the end when a step fails, and the first failure is told', async () => {
    const stack = createUndoStack();
    let released = false;
    stack.push(() => void (released = true));
    stack.push(() => Promise.reject(new Error('second to fail')));
    stack.push(() => {
      throw new Error('first to fail');
    });
    await expect(stack.undoAll()).rejects.toThrow('first to fail');
    expect(released).toBe(true);
  });
});
