/** The shortest value: room for a producer's name and a sequence number. */
export const UNIQUE_VALUE_BYTES_MIN = 48;

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
  new TextEncoder().encodeInto(head, value);
  let state = (Math.imul(identity.sequence, 2_654_435_761) + Math.imul(value.length, 40_503)) >>> 0;
  for (let index = head.length; index < value.length; index++) {
    // A linear congruential generator: the filler has to differ, not to be random.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    value[index] = state >>> 24;
  }
  return value;
}

/** Who sent this value; undefined when it is none of ours. */
export function identityOf(value: Uint8Array): ValueIdentity | undefined {
  const head = new TextDecoder('latin1').decode(value.subarray(0, UNIQUE_VALUE_BYTES_MIN));
  const match = /^([^:]+):(\d+):/.exec(head);
  if (match === null) return undefined;
  return { producer: match[1] as string, sequence: Number(match[2]) };
}

/** Whether each byte is as it was sent, and none is missing. */
export function isIntact(identity: ValueIdentity, value: Uint8Array): boolean {
  return value.length >= UNIQUE_VALUE_BYTES_MIN && Buffer.compare(uniqueValue(identity, value.length), value) === 0;
}

/** The identity as one string. */
export function keyOf(identity: ValueIdentity): string {
  return `${identity.producer}:${identity.sequence}`;
}
