/** Something the service waits for before it takes work: the reason why not, or undefined when it is ready. */
export type ReadinessCheck = () => string | undefined;

/** Whether the service takes work. */
export interface Readiness {
  /** Why not, by the name of the part; empty when the service is ready. */
  reasons(): Readonly<Record<string, string>>;
  add(part: string, check: ReadinessCheck): void;
}

/** How often a watcher looks. */
const WATCH_INTERVAL_MS = 200;

export function createReadiness(): Readiness {
  const checks = new Map<string, ReadinessCheck>();
  return {
    add: (part, check) => void checks.set(part, check),
    reasons: () => Object.fromEntries([...checks].flatMap(([part, check]) => pair(part, check()))),
  };
}

function pair(part: string, reason: string | undefined): readonly (readonly [string, string])[] {
  return reason === undefined ? [] : [[part, reason]];
}

/** A watch over readiness. */
export interface ReadinessWatch {
  /** Looks now, for a caller that knows of a change. */
  look(): void;
  stop(): void;
}

/** Tells of each change, and of the state at the beginning: for the status of gRPC's health service. */
export function watchReadiness(readiness: Readiness, changed: (ready: boolean) => void): ReadinessWatch {
  return watchCondition(() => Object.keys(readiness.reasons()).length === 0, changed);
}

/** The same for anything that holds or does not. */
export function watchCondition(holds: () => boolean, changed: (held: boolean) => void): ReadinessWatch {
  let last: boolean | undefined;
  const look = (): void => {
    const held = holds();
    if (held === last) return;
    last = held;
    changed(held);
  };
  look();
  const timer = setInterval(look, WATCH_INTERVAL_MS);
  timer.unref();
  return { look, stop: () => clearInterval(timer) };
}
