import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { killAndReplaceSubscriber } from './killed-subscriber.ts';
import { buildPythonClient } from './toolchain/python.ts';

/** Building, with everything downloaded for the first time, and the run. */
const TIMEOUT_MS = 600_000;
const NODE_SUBSCRIBER = fileURLToPath(new URL('node-subscriber.ts', import.meta.url));

describe('a subscriber of a group that is killed and replaced', () => {
  it('works on every record at least once, in Node', async () => {
    await killAndReplaceSubscriber({ kind: 'built', command: process.execPath, parameters: [NODE_SUBSCRIBER] });
  }, 90_000);

  it(
    'works on every record at least once, in Python',
    async (context) => {
      const built = await buildPythonClient('subscriber.py');
      if (built.kind === 'missing') return context.skip(built.reason);
      await killAndReplaceSubscriber(built);
    },
    TIMEOUT_MS,
  );
});
