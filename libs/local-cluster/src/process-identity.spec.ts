import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identify, isRunning, type ProcessIdentity, sendSignal } from './process-identity.ts';

function sleeper(): { readonly identity: ProcessIdentity; end(): Promise<void> } {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const identity = identify(child.pid ?? 0);
  if (identity === undefined) throw new Error('sleep did not start');
  return {
    identity,
    async end(): Promise<void> {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('a process', () => {
  it('is the same as long as it lives, and not afterwards', async () => {
    const { identity, end } = sleeper();
    expect(isRunning(identity)).toBe(true);
    expect(identify(identity.pid)).toEqual(identity);
    await end();
    expect(isRunning(identity)).toBe(false);
    expect(sendSignal(identity, 'SIGTERM')).toBe(false);
  });

  it('that has the number of another one is never signalled', async () => {
    const { identity, end } = sleeper();
    const earlier = { ...identity, startTime: 'long ago' };
    expect(isRunning(earlier)).toBe(false);
    expect(sendSignal(earlier, 'SIGKILL')).toBe(false);
    expect(isRunning(identity)).toBe(true);
    await end();
  });

  it('that was never started does not run', () => {
    expect(isRunning(null)).toBe(false);
    expect(identify(2 ** 30)).toBeUndefined();
  });
});
