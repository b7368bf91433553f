/** Takes one step back; may be called once. */
export type Undo = () => Promise<void> | void;

/** What has been done, to be undone in reverse order. */
export interface UndoStack {
  push(undo: Undo): void;
  /**
   * Undoes everything, last done first, one after the other. A step that fails does not keep the others from running; the
   * first failure is thrown at the end. Later calls wait for the first one.
   */
  undoAll(): Promise<void>;
}

export function createUndoStack(): UndoStack {
  const steps: Undo[] = [];
  let undone: Promise<void> | undefined;
  return {
    push: (undo) => void steps.push(undo),
    undoAll: () => (undone ??= undoSteps(steps)),
  };
}

async function undoSteps(steps: readonly Undo[]): Promise<void> {
  const failures: unknown[] = [];
  for (const undo of [...steps].reverse()) {
    try {
      await undo();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
