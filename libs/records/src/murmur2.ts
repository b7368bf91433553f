const SEED = 0x9747_b28c | 0;
const MULTIPLIER = 0x5bd1_e995 | 0;

/** The 32-bit murmur2 hash of Kafka's clients (`Utils.murmur2`), as a signed int32. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  const tail = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < tail; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    word = Math.imul(word, MULTIPLIER);
    word ^= word >>> 24;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  if (tail < length) {
    let rest = bytes[tail]!;
    if (length - tail > 1) rest |= bytes[tail + 1]! << 8;
    if (length - tail > 2) rest |= bytes[tail + 2]! << 16;
    hash = Math.imul(hash ^ rest, MULTIPLIER);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** The partition of a keyed record, as Kafka's default partitioner chooses it: the hash without its sign, modulo `partitions`. */
export function partitionForKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitions;
}
