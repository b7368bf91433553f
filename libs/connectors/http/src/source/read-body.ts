import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

/**
 * The body, as long as there is room for it: `take` is asked for each part before it is kept, and throws if there is none.
 * @throws Refusal 413 if it is longer than `bytesMax`, or what `take` throws
 */
export async function readBody(request: IncomingMessage, bytesMax: number, take: (bytes: number) => void): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > bytesMax) throw tooLarge(declared, bytesMax);
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > bytesMax) throw tooLarge(length, bytesMax);
    take(part.length);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function tooLarge(bytes: number, bytesMax: number): Refusal {
  // The rest of the body is not read: the connection can't be used again.
  return new Refusal(413, `a body of ${bytes} bytes or more; body.max.bytes is ${bytesMax}`, { connection: 'close' });
}
