import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_NAMESPACE, isInternalName, NAME_LENGTH_MAX, NAMESPACE_LENGTH_MAX, parseNamespace, parseTopicName } from './names.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const topicCharacter = fc.constantFrom(...LETTERS, ...LETTERS.toUpperCase(), ...'0123456789._-');
const namespaceCharacter = fc.constantFrom(...LETTERS, ...'0123456789-');

describe('parseTopicName', () => {
  it('takes 1 to 249 of the legal characters', () => {
    const legal = fc
      .string({ unit: topicCharacter, minLength: 1, maxLength: NAME_LENGTH_MAX })
      .filter((name) => name !== '.' && name !== '..');
    fc.assert(fc.property(legal, (name) => parseTopicName(name) === name));
    expect(parseTopicName('a'.repeat(NAME_LENGTH_MAX))).toHaveLength(NAME_LENGTH_MAX);
    expect(parseTopicName('...')).toBe('...');
  });

  it.each(['', '.', '..', 'a'.repeat(NAME_LENGTH_MAX + 1), 'with space', 'slash/ed', 'ünlaut', 'line\n', 'nul\0'])(
    'refuses %j and says why',
    (name) => {
      expect(() => parseTopicName(name)).toThrow(
        expect.objectContaining({ reason: 'INVALID_TOPIC_NAME', facts: { name, limit: expect.stringMatching(/./) as string } }),
      );
    },
  );
});

describe('parseNamespace', () => {
  it('takes 1 to 63 of the legal characters', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: namespaceCharacter, minLength: 1, maxLength: NAMESPACE_LENGTH_MAX }),
        (name) => parseNamespace(name) === name,
      ),
    );
    expect(parseNamespace(DEFAULT_NAMESPACE)).toBe(DEFAULT_NAMESPACE);
  });

  it.each(['', 'a'.repeat(NAMESPACE_LENGTH_MAX + 1), 'Upper', 'under_score', 'dot.ted', 'line\n'])(
    'refuses %j and says why',
    (namespace) => {
      expect(() => parseNamespace(namespace)).toThrow(
        expect.objectContaining({ reason: 'INVALID_NAMESPACE', facts: { namespace, limit: expect.stringMatching(/63/) as string } }),
      );
    },
  );
});

describe('isInternalName', () => {
  it('is true from two leading underscores', () => {
    expect(['__groups', '_connect-offsets', 'orders'].map(isInternalName)).toEqual([true, false, false]);
  });
});
