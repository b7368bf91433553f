/**
 * SHA-256 (FIPS 180-4) of short inputs, in plain code: the core has no crypto of the platform, and what is hashed here
 * must come out the same in every version. A block of 64 bytes takes about a microsecond.
 */

const BLOCK_BYTES = 64;
const WORDS = 8;
const ROUNDS = 64;
/** The length in bits ends the last block: 8 bytes of it, after one of padding. */
const TRAILER_BYTES = 9;

const PRIMES = firstPrimes(ROUNDS);
/** The first 32 bits of the fractions of the square roots of the first 8 primes. */
const START = Uint32Array.from(PRIMES.slice(0, WORDS), (prime) => fraction(Math.sqrt(prime)));
/** The first 32 bits of the fractions of the cube roots of the first 64 primes. */
const CONSTANTS = Uint32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));

/** The digest as eight big-endian words. */
export function sha256(input: Uint8Array): Uint32Array {
  const padded = new Uint8Array(Math.ceil((input.length + TRAILER_BYTES) / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(input);
  padded[input.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(input.length) * 8n);
  const state = START.slice();
  const schedule = new Uint32Array(ROUNDS);
  for (let position = 0; position < padded.length; position += BLOCK_BYTES) {
    expand(view, position, schedule);
    mix(state, schedule);
  }
  return state;
}

function expand(view: DataView, position: number, schedule: Uint32Array): void {
  for (let round = 0; round < 16; round += 1) schedule[round] = view.getUint32(position + 4 * round);
  for (let round = 16; round < ROUNDS; round += 1) {
    const early = schedule[round - 15]!;
    const late = schedule[round - 2]!;
    const small = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const large = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    schedule[round] = schedule[round - 16]! + small + schedule[round - 7]! + large;
  }
}

function mix(state: Uint32Array, schedule: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let round = 0; round < ROUNDS; round += 1) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + CONSTANTS[round]! + schedule[round]!;
    const second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  const mixed = [a, b, c, d, e, f, g, h];
  for (let word = 0; word < WORDS; word += 1) state[word] = state[word]! + mixed[word]!;
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32);
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate += 1) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}
