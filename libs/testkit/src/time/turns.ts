/** Turns asked of the event loop at once; the first batches are smaller, for runs of a few events. */
const BATCH_MAX = 64;

/**
 * Takes step after step until one returns false; before each, all microtasks have run, those that they queued included.
 * Only turns of the real event loop tell that; they bring in neither time nor order, as in a simulation nothing real is
 * awaited. Many turns are asked for at once: Node runs all microtasks between two callbacks of one batch, and looks for
 * input, which costs more than a step, only between batches. Rejects with what a step throws.
 */
export function turns(step: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let over = false;
    const turn = (batch: number): void => {
      if (over) return;
      try {
        over = !step();
      } catch (error) {
        over = true;
        reject(error);
        return;
      }
      if (over) resolve();
      else if (batch > 0) ask(Math.min(batch * 2, BATCH_MAX));
    };
    /** The last turn of a batch asks for the next one. */
    const ask = (batch: number): void => {
      for (let left = batch; left > 0; left--) {
        // eslint-disable-next-line no-restricted-globals -- the one place that asks the event loop whether microtasks are left
        setImmediate(turn, left === 1 ? batch : 0);
      }
    };
    ask(1);
  });
}
