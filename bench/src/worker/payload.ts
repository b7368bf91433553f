const SOURCE_BYTES = 1 << 20;
const STEP = 31;

/** Values that differ from record to record and cost nothing to make, as the anchor's: pieces of one block of random letters. */
export function payloadsOf(size: number): (index: number) => Uint8Array {
  const source = Buffer.allocUnsafe(SOURCE_BYTES);
  let state = 1;
  for (let at = 0; at < source.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    source[at] = 0x61 + ((state >>> 16) % 26);
  }
  return (index) => {
    const from = (index * STEP) % (SOURCE_BYTES - size);
    return source.subarray(from, from + size);
  };
}
