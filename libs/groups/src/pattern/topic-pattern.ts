import { MoldauError } from '@moldau/kernel';
import { RE2JS } from 're2js';

/** Longest expression in characters: names have at most 249. */
export const TOPIC_PATTERN_LENGTH_MAX = 249;

/**
 * An expression over names of topics, in RE2's syntax: it matches in time linear in the name whatever it says, so no expression
 * can hold up the shard. The whole name must match.
 */
export interface TopicPattern {
  matches(name: string): boolean;
}

/** @throws MoldauError INVALID_TOPIC_PATTERN */
export function compileTopicPattern(expression: string): TopicPattern {
  if (expression.length === 0 || expression.length > TOPIC_PATTERN_LENGTH_MAX) {
    throw invalid(expression.slice(0, TOPIC_PATTERN_LENGTH_MAX), `1–${TOPIC_PATTERN_LENGTH_MAX} characters`);
  }
  const compiled = compile(expression);
  return { matches: (name) => compiled.testExact(name) };
}

function compile(expression: string): RE2JS {
  try {
    return RE2JS.compile(expression);
  } catch (error) {
    throw invalid(expression, error instanceof Error ? error.message : String(error));
  }
}

function invalid(expression: string, limit: string): MoldauError {
  return new MoldauError('INVALID_TOPIC_PATTERN', `topic pattern '${expression}': ${limit}`, { pattern: expression, limit });
}
