import { DiskError, type DiskErrorKind } from '@moldau/kernel';

/** The calls of the ports `Disk` and `DiskFile`, by name. */
export type DiskOperation =
  | 'open'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'size'
  | 'close'
  | 'makeDirectory'
  | 'list'
  | 'rename'
  | 'removeFile'
  | 'removeTree'
  | 'syncDirectory'
  | 'stat'
  | 'space'
  | 'lock';

/** A failure to come. */
export interface InjectedFault {
  readonly operation: DiskOperation;
  /** The how-manieth matching call from now fails; default 1, the next. */
  readonly nth?: number;
  /** How many calls in a row fail from then on; default 1. */
  readonly times?: number;
  /** Only calls whose path contains this count; default all. */
  readonly path?: string;
  /** Default `io`. */
  readonly kind?: DiskErrorKind;
}

interface ArmedFault {
  readonly fault: InjectedFault;
  seen: number;
}

interface BadRange {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

const CHANGING: ReadonlySet<DiskOperation> = new Set(['write', 'truncate', 'makeDirectory', 'rename', 'removeFile', 'removeTree']);

/** What is wrong with a simulated disk; may be changed at any moment. */
export class DiskFaults {
  /** Every call that would change something rejects `read-only`. */
  readOnly = false;
  #armed: ArmedFault[] = [];
  #bad: BadRange[] = [];

  /** Arms a failure. A failed `sync` leaves its bytes clean in the cache and off the platter, as in fsyncgate. */
  inject(fault: InjectedFault): void {
    this.#armed.push({ fault, seen: 0 });
  }

  /** Reads that touch [from, to) of this path reject `io`, until `clear`. */
  failReads(path: string, from = 0, to = Number.MAX_SAFE_INTEGER): void {
    this.#bad.push({ path, from, to });
  }

  /** Forgets all failures. */
  clear(): void {
    this.readOnly = false;
    this.#armed = [];
    this.#bad = [];
  }

  /** The failure of a call that starts now, if there is one; counts the call. */
  take(operation: DiskOperation, path: string): DiskError | undefined {
    if (this.#armed.length === 0 && !this.readOnly) return undefined;
    let failure: DiskError | undefined;
    for (const armed of this.#armed) {
      if (armed.fault.operation !== operation || !path.includes(armed.fault.path ?? '')) continue;
      armed.seen++;
      if (armed.seen >= (armed.fault.nth ?? 1))
        failure ??= new DiskError(armed.fault.kind ?? 'io', operation, path, { detail: 'injected fault' });
    }
    this.#armed = this.#armed.filter(({ fault, seen }) => seen < (fault.nth ?? 1) + (fault.times ?? 1) - 1);
    if (failure === undefined && this.readOnly && CHANGING.has(operation)) return new DiskError('read-only', operation, path);
    return failure;
  }

  /** The failure of a read of [from, to), if a bad range is touched. */
  badRead(path: string, from: number, to: number): DiskError | undefined {
    const hit = this.#bad.some((range) => range.path === path && range.from < to && from < range.to);
    return hit ? new DiskError('io', 'read', path, { detail: 'bad sector' }) : undefined;
  }

  /** What stays broken when the machine starts again: the medium, not the moment. */
  afterRestart(): DiskFaults {
    const faults = new DiskFaults();
    faults.readOnly = this.readOnly;
    faults.#bad = [...this.#bad];
    return faults;
  }
}
