import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { countMessageGarbage } from './message-garbage.ts';

const MIB = 1024 * 1024;
const exposed = globalThis as { gc?: unknown };
const before = exposed.gc;

afterEach(() => {
  exposed.gc = before;
});

function collections(): unknown[] {
  const calls: unknown[] = [];
  exposed.gc = (options: unknown) => calls.push(options);
  return calls;
}

describe('countMessageGarbage', () => {
  it('collects the young generation once 16 MiB have passed, after the turn', async () => {
    const calls = collections();
    for (let mib = 0; mib < 16; mib++) countMessageGarbage(MIB);
    expect(calls).toEqual([]);
    await setImmediate();
    expect(calls).toEqual([{ type: 'minor' }]);
    countMessageGarbage(15 * MIB);
    await setImmediate();
    expect(calls).toHaveLength(1);
    countMessageGarbage(MIB);
    await setImmediate();
    expect(calls).toHaveLength(2);
  });

  it('collects once for all that passes within one turn', async () => {
    const calls = collections();
    for (let index = 0; index < 10; index++) countMessageGarbage(16 * MIB);
    await setImmediate();
    expect(calls).toHaveLength(1);
    countMessageGarbage(16 * MIB);
    await setImmediate();
  });

  it('leaves all to V8 where the process does not expose its collector', async () => {
    exposed.gc = undefined;
    countMessageGarbage(64 * MIB);
    await setImmediate();
  });
});
