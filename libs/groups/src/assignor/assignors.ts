import type { Assignor } from './assignor.ts';
import { assignRackAware } from './rack-aware.ts';
import { assignRange } from './range.ts';
import { assignSticky, assignUniform } from './sticky.ts';

/** The assignors, by the names that settings use. */
export const ASSIGNORS = {
  sticky: assignSticky,
  uniform: assignUniform,
  range: assignRange,
  'rack-aware': assignRackAware,
  // Of whole tasks where members tell of them (`streams/`); this is how it assigns otherwise.
  streams: assignRange,
} as const satisfies Record<string, Assignor>;

export type AssignorName = keyof typeof ASSIGNORS;

export const ASSIGNOR_NAMES: readonly AssignorName[] = ['sticky', 'uniform', 'range', 'rack-aware', 'streams'];

export function isAssignorName(name: string): name is AssignorName {
  return Object.hasOwn(ASSIGNORS, name);
}
