import { InvalidArgumentError } from 'commander';

/** A parser of whole numbers within limits, for commander's options. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`'${text}' is not a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** `name=value`; the value may hold further `=`. */
export function nameAndValue(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError(`'${text}' is not NAME=VALUE.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Collects a repeated NAME=VALUE option. */
export function collectPairs(text: string, before: readonly (readonly [string, string])[] = []): readonly (readonly [string, string])[] {
  return [...before, nameAndValue(text)];
}

export type AcksOption = 'all' | 'leader' | 'none';

/** Kafka's spelling and ours: 0 none, 1 leader, all or -1. */
export function acks(text: string): AcksOption {
  switch (text) {
    case 'all':
    case '-1':
      return 'all';
    case '1':
    case 'leader':
      return 'leader';
    case '0':
    case 'none':
      return 'none';
    default:
      throw new InvalidArgumentError(`'${text}' is not 0, 1 or all.`);
  }
}
