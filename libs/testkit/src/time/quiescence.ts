/**
 * Resolves when all microtasks have run, those that they queued included. Only a turn of the real event loop tells that;
 * it brings in neither time nor order, as in a simulation nothing real is awaited.
 */
export function quiescence(): Promise<void> {
  return new Promise((resolve) => {
    // eslint-disable-next-line no-restricted-globals -- the one place that asks the event loop whether microtasks are left
    setImmediate(resolve);
  });
}
