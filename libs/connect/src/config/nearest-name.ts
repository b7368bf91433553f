/** Names further away than this are no hint. */
const DISTANCE_MAX = 3;
/** Longer names are not compared: the work grows with the square of their length. */
const LENGTH_MAX = 200;

/** The known name that is closest to what was written, if any is close. */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  if (written.length > LENGTH_MAX) return undefined;
  const near = known
    .map((name) => ({ name, distance: editDistance(written.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.min(DISTANCE_MAX, Math.ceil(name.length / 3)));
  near.sort((one, other) => one.distance - other.distance);
  return near[0]?.name;
}

/** Levenshtein's distance. */
function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
