/** The shortest value: room for a producer's name and a sequence number. */
export const UNIQUE_VALUE_BYTES_MIN = 48;

const UTF8 = new TextEncoder();
const COLON = 0x3a;
const ZERO = 0x30;

/** Who sent a value, and as which of its values. */
export interface ValueIdentity {
  /** Name of the producer: no colons. */
  readonly producer: string;
  /** Counts from 0. */
  readonly sequence: number;
}

/**
 * A value that no other one equals: `producer:sequence:` and a filler that follows from them and from the size, so that
 * any byte that was altered, cut off or added is seen without keeping what was sent.
 */
export function uniqueValue(identity: ValueIdentity, size: number): Uint8Array {
  const head = `${keyOf(identity)}:`;
  const value = new Uint8Array(Math.max(size, UNIQUE_VALUE_BYTES_MIN));
  UTF8.encodeInto(head, value);
  let state = fillerSeed(identity, value.length);
  for (let index = head.length; index < value.length; index++) {
    state = nextState(state);
    value[index] = state >>> 24;
  }
  return value;
}

function fillerSeed({ sequence }: ValueIdentity, size: number): number {
  return (Math.imul(sequence, 2_654_435_761) + Math.imul(size, 40_503)) | 0;
}

/** A linear congruential generator: the filler has to differ, not to be random. */
function nextState(state: number): number {
  return (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
}

/** Who sent this value; undefined when it is none of ours. Read byte by byte: it is asked for each record of each replica. */
export function identityOf(value: Uint8Array): ValueIdentity | undefined {
  const end = Math.min(value.length, UNIQUE_VALUE_BYTES_MIN);
  const nameEnd = value.indexOf(COLON);
  if (nameEnd < 1 || nameEnd >= end) return undefined;
  let at = nameEnd + 1;
  let sequence = 0;
  for (; at < end && isDigit(value[at]); at++) sequence = sequence * 10 + (value[at] ?? 0) - ZERO;
  if (at === nameEnd + 1 || at >= end || value[at] !== COLON) return undefined;
  return { producer: nameOf(value, nameEnd), sequence };
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}

/** Latin-1, as names are short: a decoder takes longer to be called. */
function nameOf(value: Uint8Array, length: number): string {
  let name = '';
  for (let at = 0; at < length; at++) name += String.fromCharCode(value[at] ?? 0);
  return name;
}

/** Whether each byte is as it was sent, and none is missing. */
export function isIntact(identity: ValueIdentity, value: Uint8Array): boolean {
  if (value.length < UNIQUE_VALUE_BYTES_MIN) return false;
  const head = `${keyOf(identity)}:`;
  let same = true;
  for (let index = 0; index < head.length; index++) same &&= head.charCodeAt(index) === value[index];
  let state = fillerSeed(identity, value.length);
  for (let index = head.length; same && index < value.length; index++) {
    state = nextState(state);
    same = value[index] === state >>> 24;
  }
  return same;
}

/** The identity as one string. */
export function keyOf(identity: ValueIdentity): string {
  return `${identity.producer}:${identity.sequence}`;
}
