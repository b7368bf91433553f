/** How much text the values are cut from; large enough that compression does not find the same value again at once. */
const SOURCE_BYTES = 1 << 20;
const STEP = 31;
const LETTERS = 26;
const FIRST_LETTER = 0x61;

/** Values of `size` bytes that differ from record to record and cost nothing to make: views of one block of letters. */
export function createPayloads(size: number): (index: number) => Uint8Array {
  const source = Buffer.allocUnsafe(SOURCE_BYTES + size);
  let state = 1;
  for (let at = 0; at < source.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    source[at] = FIRST_LETTER + ((state >>> 16) % LETTERS);
  }
  return (index) => {
    const from = (index * STEP) % SOURCE_BYTES;
    return source.subarray(from, from + size);
  };
}
