import { RE2JS } from 're2js';

/** Longest expression in characters. */
export const PATTERN_LENGTH_MAX = 4096;

/** Groups of a match by index (0 is the whole match) and by name; undefined where a group took no part. */
export interface PatternMatch {
  readonly index: number;
  readonly groups: readonly (string | undefined)[];
  readonly named: ReadonlyMap<string, string | undefined>;
}

/**
 * A regular expression from outside, in RE2's syntax: it matches in time linear in the text, so no expression can hold up a
 * task. No back-references and no look-around. Named groups are written `(?P<name>…)` or `(?<name>…)`.
 */
export interface Pattern {
  readonly source: string;
  /** The whole text matches. */
  matches(text: string): boolean;
  /** It matches somewhere in the text. */
  finds(text: string): boolean;
  /** The first match, with its groups. */
  exec(text: string): PatternMatch | undefined;
  /** All matches replaced; `$1` and `${name}` stand for groups, `\$` for the sign, as in Java. */
  replaceAll(text: string, replacement: string): string;
  /** The first match replaced. */
  replaceFirst(text: string, replacement: string): string;
}

/** @throws Error with a message that says what is wrong with the expression */
export function compilePattern(source: string): Pattern {
  if (source.length === 0 || source.length > PATTERN_LENGTH_MAX) {
    throw new Error(`a regular expression of ${source.length} characters; 1 … ${PATTERN_LENGTH_MAX} are allowed`);
  }
  return wrap(source, compile(source));
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    throw new Error(`not a regular expression of RE2's syntax: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function wrap(source: string, compiled: RE2JS): Pattern {
  return {
    source,
    matches: (text) => compiled.testExact(text),
    finds: (text) => compiled.test(text),
    exec: (text) => exec(compiled, text),
    replaceAll: (text, replacement) => compiled.matcher(text).replaceAll(replacement, true),
    replaceFirst: (text, replacement) => compiled.matcher(text).replaceFirst(replacement, true),
  };
}

function exec(compiled: RE2JS, text: string): PatternMatch | undefined {
  const matcher = compiled.matcher(text);
  if (!matcher.find()) return undefined;
  const groups = Array.from({ length: compiled.groupCount() + 1 }, (_, index) => matcher.group(index) ?? undefined);
  const named = new Map(Object.entries(compiled.namedGroups()).map(([name, index]) => [name, groups[index]]));
  return { index: matcher.start(), groups, named };
}
