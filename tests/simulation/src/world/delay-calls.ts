import type { CallHandlers, MethodPath, Scheduler } from '@moldau/kernel';

/** The handlers, of which the unary one at `path` is called so many milliseconds later. */
export function delayCalls(handlers: CallHandlers, path: MethodPath, scheduler: Scheduler, extraMs: () => number): CallHandlers {
  const handler = handlers.get(path);
  if (handler?.kind !== 'unary') return handlers;
  const call: typeof handler.call = async (request, incoming) => {
    const waitMs = extraMs();
    if (waitMs > 0) await new Promise<void>((resolve) => scheduler.after(waitMs, resolve));
    return handler.call(request, incoming);
  };
  return new Map([...handlers, [path, { kind: 'unary', call }]]);
}
