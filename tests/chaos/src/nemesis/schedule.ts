import type { OpRecorder } from '@moldau/harness';
import type { SeededRandom } from '@moldau/testkit';
import { during, type Fault } from './fault.ts';

/** One fault of a schedule. */
export interface Planned<Kind> {
  readonly kind: Kind;
  /** Quiet time before it. */
  readonly afterMs: number;
  readonly lastsMs: number;
}

export interface ScheduleOptions<Kind> {
  readonly kinds: readonly Kind[];
  readonly count: number;
  readonly quietMs: Range;
  readonly faultMs: Range;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A schedule that follows from the dice alone: the same seed, the same faults at the same times. */
export function planSchedule<Kind>(random: SeededRandom, options: ScheduleOptions<Kind>): readonly Planned<Kind>[] {
  return Array.from({ length: options.count }, () => ({
    kind: random.pick(options.kinds),
    afterMs: random.between(options.quietMs.min, options.quietMs.max),
    lastsMs: random.between(options.faultMs.min, options.faultMs.max),
  }));
}

/** Time, for schedules. */
export type Sleep = (ms: number) => Promise<unknown>;

/** Runs a schedule, one fault after the other, each in the history. */
export async function runSchedule<Kind>(
  schedule: readonly Planned<Kind>[],
  create: (kind: Kind) => Promise<Fault> | Fault,
  { recorder, sleep }: { readonly recorder: OpRecorder; readonly sleep: Sleep },
): Promise<void> {
  for (const { kind, afterMs, lastsMs } of schedule) {
    await sleep(afterMs);
    await during(recorder, await create(kind), () => sleep(lastsMs));
  }
}
