import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXIT_CODES } from './exit-code.ts';
import { startLeaderlessServer } from './testing/leaderless-server.ts';
import { moldau } from './testing/moldau.ts';
import { startTestServer, type TestServer } from './testing/server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.moldau(['topic', 'create', 'quiet']);
});

afterAll(() => server.dispose());

/** For each code that the documentation lists, a command line that ends with it. */
const CASES: Readonly<Record<keyof typeof EXIT_CODES, () => Promise<number>>> = {
  ok: async () => (await server.moldau(['topic', 'list'])).code,
  failed: async () => (await server.moldau(['topic', 'describe', 'absent'])).code,
  usage: async () => (await moldau(['topic', 'list', '--colour'])).code,
  unreachable: async () => (await moldau(['topic', 'list', '--bootstrap', '127.0.0.1:1', '--timeout', '2000'])).code,
  refused: async () => (await moldau(['standalone', '--data', server.dataDir, '--port', '0', '--admin-port', '0'])).code,
  unhealthy: async () => {
    await using leaderless = await startLeaderlessServer();
    return (await moldau(['cluster', 'health', '--bootstrap', leaderless.address])).code;
  },
  interrupted: async () => {
    const interruption = new AbortController();
    setTimeout(() => interruption.abort(), 200);
    return (await server.moldau(['consume', 'quiet'], { signal: interruption.signal })).code;
  },
};

describe('an exit code of the documentation', () => {
  it.each(Object.entries(CASES))('%s is what such a command ends with', async (name, run) => {
    expect(await run()).toBe(EXIT_CODES[name as keyof typeof EXIT_CODES].code);
  });

  it('2 also tells of a bootstrap address that is none, and of settings in the environment', async () => {
    expect(await moldau(['topic', 'list', '--bootstrap', 'nowhere'])).toMatchObject({ code: EXIT_CODES.usage.code });
    expect(await moldau(['standalone', '--data', server.dataDir, '--host', ''])).toMatchObject({ code: EXIT_CODES.usage.code });
    vi.stubEnv('MOLDAU_PORT', 'soon');
    const { code, err } = await moldau(['standalone', '--data', server.dataDir]);
    vi.unstubAllEnvs();
    expect(code).toBe(EXIT_CODES.usage.code);
    expect(err).toContain('soon');
  });

  it('4 also tells of an address that is taken, and names it', async () => {
    const port = server.address.split(':')[1] ?? '';
    const { code, err } = await moldau(['standalone', '--data', `${server.dataDir}-other`, '--port', port, '--admin-port', '0']);
    expect(code).toBe(EXIT_CODES.refused.code);
    expect(err).toContain(`ADDRESS_IN_USE: another process listens on ${server.address}`);
  });
});
