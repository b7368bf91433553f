import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

export const HOST = '127.0.0.1';

/**
 * Where ports are looked for: below those that Linux (from 32,768) and macOS (from 49,152) give to outgoing connections, so
 * that none of these takes the port of a member that is down for a moment.
 */
const FIRST = 20_000;
const LAST = 32_700;
/** Ports that may be found taken; a machine with more listeners than this has none left for us. */
const ATTEMPTS_MAX = 1_000;

/** So many different ports of the loopback that nobody listens on now. */
export async function freePorts(count: number, except: readonly number[] = []): Promise<readonly number[]> {
  const found = new Set<number>();
  for (let attempt = 0; attempt < ATTEMPTS_MAX && found.size < count; attempt += 1) {
    const port = randomInt(FIRST, LAST + 1);
    if (!found.has(port) && !except.includes(port) && (await isFree(port))) found.add(port);
  }
  if (found.size < count) throw new Error(`no ${count} free ports between ${FIRST} and ${LAST} of ${HOST}`);
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
