import { beforeAll, describe, expect, it } from 'vitest';
import { createFixtureLinter, type Finding, type FixtureLinter } from './lint-fixture.ts';
import { FILE_LINES_MAX, FILE_LINES_WARN, FUNCTION_LINES_MAX, FUNCTION_LINES_WARN } from './style.ts';

const SETUP_TIMEOUT_MS = 120_000;
/** A file that exists: the type service only knows those. */
const EXISTING_FILE = 'libs/kernel/src/assert.ts';
const SOURCE = 'libs/kernel/src/fixture.ts';
const SPEC = 'libs/kernel/src/fixture.spec.ts';

let linter: FixtureLinter;

beforeAll(async () => {
  linter = await createFixtureLinter();
}, SETUP_TIMEOUT_MS);

const rulesOf = (found: readonly Finding[]): readonly string[] => found.map(({ rule }) => rule);

describe('rules that look at types', () => {
  const offences: readonly (readonly [rule: string, code: string])[] = [
    ['@typescript-eslint/no-floating-promises', 'export function start(): void {\n  Promise.resolve();\n}\n'],
    ['@typescript-eslint/no-misused-promises', 'export function start(list: number[]): void {\n  list.forEach(async () => {});\n}\n'],
    [
      '@typescript-eslint/switch-exhaustiveness-check',
      "export function name(kind: 'a' | 'b'): number {\n  switch (kind) {\n    case 'a':\n      return 1;\n  }\n  return 0;\n}\n",
    ],
    ['@typescript-eslint/consistent-type-exports', "import type { Brand } from './brand.ts';\nexport { Brand };\n"],
    ['@typescript-eslint/no-unsafe-return', 'export function read(text: string): string {\n  return JSON.parse(text);\n}\n'],
    ['import-x/no-cycle', "import { offset } from './ids.ts';\nexport const used = offset;\n"],
  ];

  it.each(offences)('%s', async (rule, code) => {
    expect(rulesOf(await linter.lintWithTypes(EXISTING_FILE, code))).toContain(rule);
  });
});

describe('rules that look at the text', () => {
  const offences: readonly (readonly [rule: string, code: string])[] = [
    ['@typescript-eslint/no-explicit-any', 'export const value: any = 1;\n'],
    ['@typescript-eslint/explicit-module-boundary-types', 'export function half(value: number) {\n  return value / 2;\n}\n'],
    ['@typescript-eslint/consistent-type-imports', "import { Brand } from './brand.ts';\nexport type Used = Brand<number, 'Used'>;\n"],
    ['@typescript-eslint/no-unused-vars', 'const unused = 1;\nexport {};\n'],
    ['no-restricted-syntax', "export * from './ids.ts';\n"],
    ['no-restricted-syntax', 'export default 1;\n'],
    ['no-console', "console.log('hello');\nexport {};\n"],
    ['moldau/fact-keys', "export const error = new MoldauError('INTERNAL', 'text', { topicId: 'x' });\n"],
    [
      'moldau/fact-keys',
      "export function fail(): Error {\n  const place = { topicId: 'x' };\n  return new MoldauError('INTERNAL', 'text', { ...place, limit: '1' });\n}\n",
    ],
    ['eqeqeq', 'export const same = (a: number, b: number): boolean => a == b;\n'],
  ];

  it.each(offences)('%s', async (rule, code) => {
    expect(rulesOf(await linter.lint(SOURCE, code))).toContain(rule);
  });
});

describe('size budgets', () => {
  const fileOf = (lines: number): string => 'export {};\n'.repeat(lines);
  const functionOf = (lines: number): string => `export function long(): void {\n${'  void 0;\n'.repeat(lines - 2)}}\n`;

  it('a file over the first limit is a warning, over the second an error', async () => {
    expect(rulesOf(await linter.lint(SOURCE, fileOf(FILE_LINES_WARN)))).toEqual([]);
    expect(rulesOf(await linter.lint(SOURCE, fileOf(FILE_LINES_WARN + 1)))).toEqual(['moldau-budget/file-lines']);
    expect(rulesOf(await linter.lint(SOURCE, fileOf(FILE_LINES_MAX + 1)))).toContain('max-lines');
  });

  it('a function over the first limit is a warning, over the second an error', async () => {
    expect(rulesOf(await linter.lint(SOURCE, functionOf(FUNCTION_LINES_WARN)))).toEqual([]);
    expect(rulesOf(await linter.lint(SOURCE, functionOf(FUNCTION_LINES_WARN + 1)))).toEqual(['moldau-budget/function-lines']);
    expect(rulesOf(await linter.lint(SOURCE, functionOf(FUNCTION_LINES_MAX + 1)))).toContain('max-lines-per-function');
  });

  it('a spec keeps the limit of files and not that of functions', async () => {
    expect(rulesOf(await linter.lint(SPEC, functionOf(FUNCTION_LINES_MAX + 1)))).toEqual([]);
    expect(rulesOf(await linter.lint(SPEC, fileOf(FILE_LINES_MAX + 1)))).toContain('max-lines');
  });

  it('generated code is exempt', async () => {
    const found = await linter.lint('libs/protocol/src/gen/fixture.ts', fileOf(FILE_LINES_MAX + 1));
    expect(found).toEqual([{ rule: 'parse', message: expect.stringContaining('ignored') as string }]);
  });
});
