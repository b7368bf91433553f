/** An identifier as SQL has it, whatever is in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table's name, with its schema before a point if it has one. */
export function quoteTable(name: string): string {
  const at = name.indexOf('.');
  return at < 0 ? quoteName(name) : `${quoteName(name.slice(0, at))}.${quoteName(name.slice(at + 1))}`;
}
