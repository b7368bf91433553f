import { compileDatePattern } from '../time/date-pattern.ts';

/** What is wrong with a date pattern of the settings; undefined if nothing is. */
export function datePatternComplaint(pattern: string): string | undefined {
  try {
    compileDatePattern(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
