const NEWLINE = 0x0a;

/**
 * The lines of a byte stream, without their `\n`: `\r` and invalid UTF-8 stay, an empty line is an empty value, and a last
 * line without `\n` counts. Lines longer than `maxBytes` fail with a RangeError that names the line.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array[], void, undefined> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let count = 0;
  for await (const chunk of chunks) {
    const lines: Uint8Array[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const tail = chunk.subarray(from, at);
      lines.push(restBytes === 0 ? tail : Buffer.concat([...rest, tail]));
      if (restBytes > 0) [rest, restBytes] = [[], 0];
      from = at + 1;
    }
    count += lines.length;
    if (from < chunk.length) {
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
      if (restBytes > maxBytes) throw new RangeError(`line ${count + 1} is longer than ${maxBytes} bytes`);
    }
    if (lines.length > 0) yield lines;
  }
  if (restBytes > 0) yield [Buffer.concat(rest)];
}
