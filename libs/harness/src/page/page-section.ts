/** Two lines of a page between which a program writes; the words around them are people's. */
export interface SectionMarks {
  readonly begin: string;
  readonly end: string;
}

/** The marks of a section that `command` writes; `name` is what it shows. */
export function sectionMarks(name: string, command: string): SectionMarks {
  return { begin: `<!-- ${name}: written by ${command} -->`, end: `<!-- end of ${name} -->` };
}

/** The page with other text between the marks. @throws Error when it has no marks, or in the wrong order */
export function withSection(page: string, { begin, end }: SectionMarks, text: string): string {
  const beginAt = page.indexOf(begin);
  const endAt = page.indexOf(end);
  if (beginAt < 0 || endAt < beginAt) throw new Error(`the page lacks '${begin}' with '${end}' behind it`);
  return `${page.slice(0, beginAt)}${begin}\n${text}\n${page.slice(endAt)}`;
}
