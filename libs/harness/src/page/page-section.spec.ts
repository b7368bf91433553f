import { describe, expect, it } from 'vitest';
import { sectionMarks, withSection } from './page-section.ts';

const marks = sectionMarks('figures', 'npm run measure');

describe('withSection', () => {
  it('replaces what stands between the marks and keeps the words around them', () => {
    const page = `before\n${marks.begin}\nold\n${marks.end}\nbehind\n`;
    const once = withSection(page, marks, 'new');
    expect(once).toBe(`before\n${marks.begin}\nnew\n${marks.end}\nbehind\n`);
    expect(withSection(once, marks, 'new')).toBe(once);
  });

  it('refuses a page without the marks, or with them in the wrong order', () => {
    expect(() => withSection('words', marks, 'new')).toThrow(marks.begin);
    expect(() => withSection(`${marks.end}\n${marks.begin}\n`, marks, 'new')).toThrow(marks.end);
  });
});
