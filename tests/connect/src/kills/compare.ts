import { createHash } from 'node:crypto';

const SHOWN_MAX = 3;

/** What is wrong with `found` where `expected` has to be, once each; `ordered`: and in this order. Compared by checksum first. */
export function differences(expected: readonly string[], found: readonly string[], ordered: boolean): readonly string[] {
  const [one, other] = ordered ? [expected, found] : [[...expected].sort(), [...found].sort()];
  if (checksum(one) === checksum(other)) return [];
  const counts = new Map<string, number>();
  for (const value of found) counts.set(value, (counts.get(value) ?? 0) + 1);
  const missing = expected.filter((value) => !counts.has(value));
  const doubled = [...counts].filter(([, count]) => count > 1).map(([value]) => value);
  const known = new Set(expected);
  const strange = [...counts.keys()].filter((value) => !known.has(value));
  const findings = [
    ...said('missing', missing, expected.length),
    ...said('more than once', doubled, expected.length),
    ...said('never given', strange, expected.length),
  ];
  return findings.length > 0 ? findings : [`all ${expected.length} are there, and not in order`];
}

function said(what: string, values: readonly string[], of: number): readonly string[] {
  if (values.length === 0) return [];
  const shown = values.slice(0, SHOWN_MAX).map((value) => value.slice(0, 60));
  return [`${values.length} of ${of} ${what}: ${shown.join(', ')}`];
}

function checksum(values: readonly string[]): string {
  const hash = createHash('sha256');
  for (const value of values) hash.update(value).update('\n');
  return hash.digest('hex');
}
