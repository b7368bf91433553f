import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { STANDALONE_SETTINGS } from '../settings/standalone-settings.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { type RunningService, runService, type ServiceHost } from './run-service.ts';
import { SAME_WISH_MS } from './stop-signals.ts';

type Listener = (cause: unknown) => void;

/** A process whose signals and exits the test holds. */
class FakeProcess implements ServiceHost {
  readonly flags: readonly string[];
  readonly env = {};
  readonly exits: number[] = [];
  readonly errors: string[] = [];
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(flags: readonly string[] = []) {
    this.flags = ['--data-dir', '/d', '--log-level', 'fatal', ...flags];
  }

  on(event: string, listener: Listener): void {
    const listeners = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, listeners.add(listener));
  }

  off(event: string, listener: Listener): void {
    this.listeners.get(event)?.delete(listener);
  }

  emit(event: string, cause?: unknown): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(cause);
  }

  get listenerCount(): number {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  printError(line: string): void {
    this.errors.push(line);
  }
}

function run(host: FakeProcess, start: () => Promise<RunningService>): Promise<number> {
  return runService({ name: 'standalone', settings: STANDALONE_SETTINGS, start }, host);
}

const turn = (): Promise<void> => new Promise((wake) => setTimeout(wake, 20));

describe('runService', () => {
  it.each(['SIGTERM', 'SIGINT'])('stops in order on %s, once, and takes its listeners away', async (signal) => {
    const host = new FakeProcess();
    let shutdowns = 0;
    const ended = run(host, async () => ({ shutdown: async () => void shutdowns++ }));
    await turn();
    host.emit(signal);
    expect(await ended).toBe(EXIT_CODES.stopped.code);
    expect(shutdowns).toBe(1);
    expect(host.listenerCount).toBe(0);
  });

  it('exits at once on a second signal', async () => {
    const host = new FakeProcess();
    void run(host, async () => ({ shutdown: () => new Promise(() => {}) }));
    await turn();
    host.emit('SIGTERM');
    host.emit('SIGTERM'); // the same one, passed on by a parent
    expect(host.exits).toEqual([]);
    await new Promise((wake) => setTimeout(wake, SAME_WISH_MS));
    host.emit('SIGINT');
    expect(host.exits).toEqual([130]);
  });

  it('cuts off a shutdown that takes too long', async () => {
    const host = new FakeProcess(['--shutdown-timeout-ms', '1000']);
    const ended = run(host, async () => ({ shutdown: () => new Promise(() => {}) }));
    await turn();
    host.emit('SIGTERM');
    expect(await ended).toBe(EXIT_CODES.shutdownTimedOut.code);
  });

  it.each(['uncaughtException', 'unhandledRejection'])('ends with 70 on %s', async (event) => {
    const host = new FakeProcess();
    void run(host, async () => ({ shutdown: async () => {} }));
    await turn();
    host.emit(event, new Error('bug'));
    host.emit(event, new Error('another'));
    expect(host.exits).toEqual([EXIT_CODES.crashed.code]);
  });

  it('prints one line with the name of the error when it cannot start', async () => {
    const host = new FakeProcess();
    const code = await run(host, async () => {
      throw new MoldauError('ADDRESS_IN_USE', '127.0.0.1:9092 is in use', { address: '127.0.0.1:9092' });
    });
    expect(code).toBe(EXIT_CODES.addressUnusable.code);
    expect(host.errors).toEqual(['moldau standalone: 127.0.0.1:9092 is in use (ADDRESS_IN_USE, see docs/errors.md#address_in_use)']);
  });

  it('ends with 78 and every fault when it is misconfigured', async () => {
    const host = new FakeProcess(['--port', 'x', '--colour', 'red']);
    expect(await run(host, async () => ({ shutdown: async () => {} }))).toBe(EXIT_CODES.misconfigured.code);
    expect(host.errors.join()).toMatch(/colour.*\n.*port = x/s);
  });

  it('ends when the service can not go on', async () => {
    const host = new FakeProcess();
    const failed = Promise.reject(new MoldauError('FENCED_BROKER', 'a newer life of broker 1 has registered'));
    const code = await run(host, async () => ({ shutdown: async () => {}, failed }));
    expect(code).toBe(EXIT_CODES.failed.code);
    expect(host.errors.join()).toContain('FENCED_BROKER');
  });
});
