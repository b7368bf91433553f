/** The shortest value: room for a producer's name and a sequence number. */
export const UNIQUE_VALUE_BYTES_MIN = 48;

const UTF8 = new TextEncoder();
const LATIN1 = new TextDecoder('latin1');

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

/** Who sent this value; undefined when it is none of ours. */
export function identityOf(value: Uint8Array): ValueIdentity | undefined {
  const head = LATIN1.decode(value.subarray(0, UNIQUE_VALUE_BYTES_MIN));
  const match = /^([^:]+):(\d+):/.exec(head);
  if (match === null) return undefined;
  return { producer: match[1] as string, sequence: Number(match[2]) };
}

/** Whether each byte is as it was sent, and none is missing. */
export function isIntact(identity: ValueIdentity, value: Uint8Array): boolean {
  if (value.length < UNIQUE_VALUE_BYTES_MIN) return false;
  const head = UTF8.encode(`${keyOf(identity)}:`);
  let same = true;
  for (let index = 0; index < head.length; index++) same &&= head[index] === value[index];
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
