/** A time in ISO 8601, UTC; `-` where there is none. */
export function timeText(wallMs: number | undefined): string {
  return wallMs === undefined ? '-' : new Date(wallMs).toISOString();
}
