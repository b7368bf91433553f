import { spawnStandalone } from '@moldau/harness';
import { expect, it } from 'vitest';
import { buildPythonClient } from './toolchain/python.ts';
import { runTool } from './toolchain/run-tool.ts';

/** Building, with everything downloaded for the first time, and the run. */
const TIMEOUT_MS = 900_000;
const CLIENT_TIMEOUT_MS = 60_000;

/** What the client says it checked. */
const CHECKS = [
  'create-topic',
  'publish',
  'read',
  'null-value',
  'headers',
  'publish-stream',
  'error-status',
  'error-info',
  'health',
  'reflection',
];

it(
  'a client in Python made from the .proto files publishes, reads, understands errors, and finds health and reflection',
  async (context) => {
    const built = await buildPythonClient();
    if (built.kind === 'missing') return context.skip(built.reason);
    await using server = await spawnStandalone();
    const { status, output } = await runTool(built.python, [built.client, server.address, built.stubs], { timeoutMs: CLIENT_TIMEOUT_MS });
    expect(output).not.toContain('not ok');
    expect(status, output).toBe(0);
    for (const check of CHECKS) expect(output.split('\n')).toContain(`ok ${check}`);
  },
  TIMEOUT_MS,
);
