/** Highest PRI: facility 23, severity 7. */
const PRIORITY_MAX = 191;

export interface Priority {
  readonly facility: number;
  readonly severity: number;
}

/** What RFC 3164, 4.3.3, gives to a message without a PRI: user-level, notice. */
export const NO_PRIORITY: Priority = { facility: 1, severity: 5 };

/** Facility and severity of the number between `<` and `>`; undefined if it is none. */
export function priorityOf(digits: string): Priority | undefined {
  const priority = Number(digits);
  if (digits === '' || priority > PRIORITY_MAX) return undefined;
  return { facility: Math.floor(priority / 8), severity: priority % 8 };
}
