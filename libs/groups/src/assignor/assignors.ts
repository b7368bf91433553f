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
} as const satisfies Record<string, Assignor>;

export type AssignorName = keyof typeof ASSIGNORS;

export const ASSIGNOR_NAMES: readonly AssignorName[] = ['sticky', 'uniform', 'range', 'rack-aware'];

export function isAssignorName(name: string): name is AssignorName {
  return Object.hasOwn(ASSIGNORS, name);
}
