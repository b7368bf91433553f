/** Causes of causes that a trace goes down to. */
const CAUSES_MAX = 5;

/** What a person needs of an error: its stack, and those of its causes. */
export function traceOf(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current !== undefined && parts.length < CAUSES_MAX; ) {
    parts.push(current instanceof Error ? (current.stack ?? current.message) : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join('\ncaused by ');
}
