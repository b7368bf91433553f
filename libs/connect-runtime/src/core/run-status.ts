/** What a connector or task does; as Kafka names it. */
export const RUN_STATES = ['UNASSIGNED', 'RUNNING', 'PAUSED', 'STOPPED', 'FAILED', 'RESTARTING'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** A connector's planner (`task` undefined), or one of its tasks. */
export interface RunName {
  readonly connector: string;
  readonly task: number | undefined;
}

/** Which life of a run: the revision that it was started for, and the epoch of the worker's membership, which only rises. */
export interface Generation {
  readonly revision: number;
  readonly epoch: number;
}

export interface RunStatus extends Generation {
  readonly state: RunState;
  readonly workerId: string;
  /** Since when, milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  /** Why it failed, with the stack where that helps; or what it waits for. */
  readonly trace?: string | undefined;
  /** Of a source: no more will come. */
  readonly finished?: boolean | undefined;
}

/** Longest trace that is kept, in characters. */
export const TRACE_LENGTH_MAX = 8_192;
const FORMAT_VERSION = 1;

export function runKey({ connector, task }: RunName): string {
  return task === undefined ? `connector/${connector}` : `task/${connector}/${task}`;
}

export function parseRunKey(key: string): RunName | undefined {
  const found = /^(?:connector\/(?<connector>[^/]+)|task\/(?<owner>[^/]+)\/(?<task>\d{1,5}))$/.exec(key)?.groups;
  const connector = found?.['connector'] ?? found?.['owner'];
  if (connector === undefined) return undefined;
  const task = found?.['task'];
  return { connector, task: task === undefined ? undefined : Number(task) };
}

/** Whether `next` is of the same life or a later one: an earlier one has nothing to say any more. */
export function isCurrent(known: Generation | undefined, next: Generation): boolean {
  if (known === undefined || next.revision > known.revision) return true;
  return next.revision === known.revision && next.epoch >= known.epoch;
}

export function encodeRunStatus(status: RunStatus): string {
  return JSON.stringify({ version: FORMAT_VERSION, ...status, trace: status.trace?.slice(0, TRACE_LENGTH_MAX) });
}

/** The status; undefined when it is of a newer format, or nothing at all. */
export function decodeRunStatus(value: string): RunStatus | undefined {
  try {
    const parsed = JSON.parse(value) as RunStatus & { readonly version?: unknown };
    if (parsed.version !== FORMAT_VERSION || !RUN_STATES.includes(parsed.state)) return undefined;
    return parsed;
  } catch {
    return undefined;
  }
}

/** The status topic, replayed. */
export class StatusImage {
  readonly #statuses = new Map<string, RunStatus>();

  /** @returns whether it counted */
  apply(key: string, value: string | null): boolean {
    if (parseRunKey(key) === undefined) return false;
    if (value === null) return this.#statuses.delete(key);
    const status = decodeRunStatus(value);
    if (status === undefined || !isCurrent(this.#statuses.get(key), status)) return false;
    this.#statuses.set(key, status);
    return true;
  }

  find(name: RunName): RunStatus | undefined {
    return this.#statuses.get(runKey(name));
  }

  get keys(): readonly string[] {
    return [...this.#statuses.keys()];
  }

  /** Keys of all runs of a connector. */
  keysOf(connector: string): readonly string[] {
    return [...this.#statuses.keys()].filter((key) => parseRunKey(key)?.connector === connector);
  }
}
