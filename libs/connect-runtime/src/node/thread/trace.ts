/** Causes of causes that a trace goes down to. */
const CAUSES_MAX = 5;

/** What a person needs of an error: its stack, and those of its causes. */
export function traceOf(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  while (current instanceof Error && parts.length < CAUSES_MAX) {
    parts.push(current.stack ?? current.message);
    current = current.cause;
  }
  if (parts.length === 0) parts.push(String(current));
  return parts.join('\ncaused by ');
}
