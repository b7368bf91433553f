/** Random numbers that follow from a seed and the number of a record alone, so that any record can be made again by itself. */
export interface Dice {
  /** 0 ≤ x < 1. */
  fraction(): number;
  /** A whole number from 0 up to, but not including, `bound`. */
  below(bound: number): number;
  /** One of the values, the first ones more often than the last ones. */
  skewed<Value>(values: readonly [Value, ...Value[]]): Value;
}

/** Dice for one record: splitmix32 from a mix of both numbers. */
export function rollFor(seed: number, record: number): Dice {
  let state = mix(mix(seed | 0) ^ mix((record % 0x1_0000_0000) | 0) ^ mix(Math.floor(record / 0x1_0000_0000) + 0x51ed));
  const fraction = (): number => {
    state = (state + 0x9e3779b9) | 0;
    return mix(state) / 0x1_0000_0000;
  };
  const below = (bound: number): number => Math.floor(fraction() * bound);
  return {
    fraction,
    below,
    skewed: (values) => values[Math.floor(fraction() ** 2 * values.length)] ?? values[0],
  };
}

/** Spreads every bit of the input over 32 bits, as an unsigned number. */
function mix(input: number): number {
  let bits = input;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}
