import type { Linter } from 'eslint';

export type Rules = Readonly<Record<string, Linter.RuleEntry>>;

/** Size budgets: the first number is a warning, the second an error (docs/STYLE.md). */
export const FILE_LINES_WARN = 300;
export const FILE_LINES_MAX = 500;
export const FUNCTION_LINES_WARN = 50;
export const FUNCTION_LINES_MAX = 70;

/** Rules for every TypeScript file. */
export const STYLE_RULES: Rules = {
  '@typescript-eslint/consistent-type-exports': 'error',
  '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: true }],
  '@typescript-eslint/explicit-module-boundary-types': 'error',
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-misused-promises': 'error',
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
  // What was caught, and the reason of an AbortSignal, are passed on as they came.
  '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
  '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
  // A default branch over a union is a decision: a few errors of the catalogue are special, the rest are alike.
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { requireDefaultForNonUnion: true, considerDefaultExhaustiveForUnions: true },
  ],
  // Numbers and booleans print as themselves everywhere.
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  // A function that implements an asynchronous port is async whether or not this implementation waits.
  '@typescript-eslint/require-await': 'off',
  // An index that a loop has just checked needs no second check on the hot path: `bytes[i]!` states it.
  '@typescript-eslint/no-non-null-assertion': 'off',
  // Ports are objects of closures as often as classes, and interfaces can't tell which.
  '@typescript-eslint/unbound-method': 'off',
  eqeqeq: 'error',
  // A callback may name the handle that the call it is given to returns.
  'prefer-const': ['error', { ignoreReadBeforeAssign: true }],
  'import-x/no-cycle': ['error', { ignoreExternal: true }],
  'no-restricted-syntax': [
    'error',
    { selector: 'ExportAllDeclaration', message: 'Name each export: the public surface is visible in index.ts.' },
    { selector: 'ExportDefaultDeclaration', message: 'Export by name: a thing has one name everywhere.' },
  ],
  'moldau-budget/file-lines': ['warn', { max: FILE_LINES_WARN }],
  'moldau-budget/function-lines': ['warn', { max: FUNCTION_LINES_WARN }],
  'moldau/fact-keys': 'error',
  'max-lines': ['error', { max: FILE_LINES_MAX }],
  'max-lines-per-function': ['error', { max: FUNCTION_LINES_MAX }],
};

/** Libraries speak through a Logger, never to the terminal. */
export const LIBRARY_RULES: Rules = { 'no-console': 'error' };

/** A suite is one long function of cases; and a fake is typed by the port it implements. */
export const SPEC_RULES: Rules = {
  'max-lines-per-function': 'off',
  'no-console': 'off',
  'moldau-budget/function-lines': 'off',
  '@typescript-eslint/explicit-module-boundary-types': 'off',
};
