import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createLogger, createMeter, createReadiness, loadConfiguration, type ServiceContext, STANDALONE_SETTINGS } from '@moldau/service';
import { describe, expect, it } from 'vitest';
import { assemble } from './assemble.ts';
import { listen } from './listener.ts';

/** What a container's health check is told. */
const HEALTHCHECK = fileURLToPath(new URL('../../../deploy/docker/healthcheck.js', import.meta.url));

function health(port: number, name: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [HEALTHCHECK, `127.0.0.1:${port}`, name], (error, stdout) => {
      const status = stdout.trim();
      expect(error === null).toBe(status === 'SERVING');
      resolve(status);
    });
  });
}

async function contextOf(flags: readonly string[] = []): Promise<ServiceContext<typeof STANDALONE_SETTINGS>> {
  const all = ['--data-dir', '/nowhere', '--admin-port', '0', ...flags];
  const { values: configuration, sources } = await loadConfiguration(STANDALONE_SETTINGS, { flags: all, environment: {} });
  const log = createLogger({ level: 'fatal', destination: 'stderr', fields: {} });
  return { configuration, sources, log, meter: createMeter(), readiness: createReadiness() };
}

describe('a service that is put together', () => {
  it('is not ready before its last step, and is once its parts are', async () => {
    const context = await contextOf();
    let ready = false;
    let states: readonly number[] = [];
    const status = async (address: string): Promise<number> => (await fetch(`http://${address}/readyz`)).status;
    const service = await assemble(context, async (assembly) => {
      const admin = await assembly.openAdmin();
      states = [await status(admin)];
      context.readiness.add('part', () => (ready ? undefined : 'not yet'));
      return { admin };
    });
    states = [...states, await status(service.admin)];
    ready = true;
    states = [...states, await status(service.admin)];
    await service.shutdown();
    expect(states).toEqual([503, 503, 200]);
  });

  it('is taken apart in reverse order, and answers no more', async () => {
    const seen: string[] = [];
    const service = await assemble(await contextOf(), async (assembly) => {
      assembly.later(() => void seen.push('first'));
      const admin = await assembly.openAdmin();
      assembly.later(() => void seen.push('last'));
      return { admin };
    });
    await service.shutdown();
    await service.shutdown();
    expect(seen).toEqual(['last', 'first']);
    await expect(fetch(`http://${service.admin}/healthz`)).rejects.toThrow();
  });

  it('that fails half way gives back what it had, and fails as its step did', async () => {
    await using stack = new AsyncDisposableStack();
    const taken = await assemble(await contextOf(), async (assembly) => ({ admin: await assembly.openAdmin() }));
    stack.defer(() => taken.shutdown());
    let released = false;
    const outcome = assemble(await contextOf(['--admin-port', taken.admin.split(':')[1] ?? '']), async (assembly) => {
      assembly.later(() => void (released = true));
      await assembly.openAdmin();
      return {};
    });
    await expect(outcome).rejects.toMatchObject({ reason: 'ADDRESS_IN_USE' });
    expect(released).toBe(true);
  });
});

describe("gRPC's health service", () => {
  it('says of each name what holds: that the process lives, that it is ready, and what its parts tell', async () => {
    await using stack = new AsyncDisposableStack();
    const context = await contextOf();
    const service = await assemble(context, async (assembly) => {
      const { bound } = await listen(assembly.createServer('public'), 'client', new Map(), {
        host: '127.0.0.1',
        port: 0,
        advertisedHost: undefined,
        advertisedPort: undefined,
      });
      const ask = (name: string): Promise<string> => health(bound.port, name);
      const before = [await ask('live'), await ask('')];
      assembly.tellHealth('in-sync', () => false);
      return { ask, before };
    });
    stack.defer(() => service.shutdown());
    expect(service.before).toEqual(['SERVING', expect.stringContaining('status 5')]);
    expect([await service.ask('live'), await service.ask(''), await service.ask('in-sync')]).toEqual(['SERVING', 'SERVING', 'NOT_SERVING']);
  });
});
