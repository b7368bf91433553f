import type { FailurePhase } from './failure.ts';
import type { SkipReason } from './task-services.ts';

/** Counts of a task since it was made; hosts turn them into metrics. */
export interface TaskStats {
  records: number;
  /** Records of which at least one window was closed. */
  late: number;
  deadLetters: number;
  /** Skipped or dead-lettered, by phase. */
  readonly failed: Record<FailurePhase, number>;
  readonly skipped: Record<SkipReason, number>;
  sent: number;
}

export function createTaskStats(): TaskStats {
  return {
    records: 0,
    late: 0,
    deadLetters: 0,
    failed: { deserialization: 0, processing: 0, production: 0 },
    skipped: { 'null-key': 0, 'null-value': 0 },
    sent: 0,
  };
}
