import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { run, runNode } from './run.ts';

const TIMEOUT_MS = 10_000;

function script(text: string, timeoutMs = TIMEOUT_MS): ReturnType<typeof run> {
  return run({ command: process.execPath, arguments: ['-e', text], timeoutMs });
}

/** Whether the process still runs; one that has ended and that nobody has waited for (state Z) does not. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('run', () => {
  it('gives the exit status and all output of the child', async () => {
    const result = await script("console.log('out'); console.error('err'); process.exitCode = 3;");
    expect(result).toMatchObject({ status: 3, timedOut: false, stragglers: [] });
    expect(result.output).toContain('out\n');
    expect(result.output).toContain('err\n');
  });

  it('a child that can not be started has status 127', async () => {
    expect(await run({ command: '/nowhere/at/all', arguments: [], timeoutMs: TIMEOUT_MS })).toMatchObject({ status: 127, timedOut: false });
  });

  it('a script that does not exist fails and says so', async () => {
    const result = await runNode('/nowhere/script.ts', { arguments: [], timeoutMs: TIMEOUT_MS });
    expect(result.status).toBe(1);
    expect(result.output).toContain('/nowhere/script.ts');
  });

  it('ends a child that takes too long', async () => {
    const result = await script('setInterval(() => {}, 1000);', 200);
    expect(result.timedOut).toBe(true);
    expect(result.status).not.toBe(0);
  });

  it('passes environment variables on', async () => {
    const result = await run({
      command: process.execPath,
      arguments: ['-p', 'process.env.MOLDAU_EXAMPLE'],
      timeoutMs: TIMEOUT_MS,
      environment: { MOLDAU_EXAMPLE: 'seen' },
    });
    expect(result.output).toBe('seen\n');
  });

  it('kills what the child left behind, in whatever process group', async (context) => {
    if (process.platform !== 'linux') context.skip('only Linux shows the environment of processes');
    const result = await script(`
      const { spawn } = require('node:child_process');
      const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
      left.unref();
      console.log(left.pid);
    `);
    expect(result.status).toBe(0);
    expect(result.stragglers).toHaveLength(1);
    // A killed process is there until the system has taken it down.
    await vi.waitFor(() => expect(isRunning(Number(result.output))).toBe(false), { timeout: 5000 });
  });
});
