import { fileURLToPath } from 'node:url';
import { whyNoEtcd } from '@moldau/cluster-etcd/testing';
import { describe, it } from 'vitest';
import { killAndReplaceSubscriber, killBrokerOfSubscriber } from './killed-subscriber.ts';
import { buildPythonClient } from './toolchain/python.ts';

const NODE_TIMEOUT_MS = 120_000;
/** Building, with everything downloaded for the first time, and the run. */
const PYTHON_TIMEOUT_MS = 600_000;
const NODE_SUBSCRIBER = fileURLToPath(new URL('node-subscriber.ts', import.meta.url));
const NODE = { kind: 'built', command: process.execPath, parameters: [NODE_SUBSCRIBER] } as const;

describe('a subscriber of a group that is killed and replaced', () => {
  it('works on every record at least once, in Node', () => killAndReplaceSubscriber(NODE), NODE_TIMEOUT_MS);

  it(
    'works on every record at least once, in Python',
    async (context) => {
      const built = await buildPythonClient('subscriber.py');
      if (built.kind === 'missing') return context.skip(built.reason);
      await killAndReplaceSubscriber(built);
    },
    PYTHON_TIMEOUT_MS,
  );
});

describe('a subscriber whose broker is killed', () => {
  it(
    'goes on through another as the same member, in Node',
    async (context) => {
      const reason = await whyNoEtcd();
      if (reason !== undefined) return context.skip(reason);
      await killBrokerOfSubscriber(NODE);
    },
    NODE_TIMEOUT_MS,
  );

  it(
    'goes on through another as the same member, in Python',
    async (context) => {
      const reason = await whyNoEtcd();
      if (reason !== undefined) return context.skip(reason);
      const built = await buildPythonClient('subscriber.py');
      if (built.kind === 'missing') return context.skip(built.reason);
      await killBrokerOfSubscriber(built);
    },
    PYTHON_TIMEOUT_MS,
  );
});
