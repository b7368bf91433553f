/** Texts as an array of PostgreSQL in its own notation; null is an element. Much cheaper than a parameter for each. */
export function arrayLiteral(texts: readonly (string | null)[]): string {
  const parts: string[] = [];
  for (const text of texts) parts.push(text === null ? 'NULL' : `"${escapes.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`);
  return `{${parts.join(',')}}`;
}

const escapes = /["\\]/;
