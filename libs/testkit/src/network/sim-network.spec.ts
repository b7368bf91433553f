import type { CallHandlers, MethodPath, Status, StreamEvents } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../random/seeded-random.ts';
import { SimScheduler } from '../time/sim-scheduler.ts';
import { SimNetwork } from './sim-network.ts';
import { TRANSPORT_CONTRACT } from './transport-contract.ts';

const PATH: MethodPath = '/test.Service/Method';
const echo: CallHandlers = new Map([[PATH, { kind: 'unary', call: async (request) => request }]]);

function setUp(seed = 1) {
  const random = new SeededRandom(seed);
  const scheduler = new SimScheduler({ random });
  const network = new SimNetwork({ scheduler, random, jitterMs: 2 });
  const client = scheduler.createProcess();
  const server = scheduler.createProcess();
  return { scheduler, network, server, client, caller: network.node('c', client.scheduler), callee: network.node('s', server.scheduler) };
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'OK',
    (error: { status: Status }) => error.status.code,
  );

function record(log: string[]): StreamEvents {
  return {
    message: (bytes) => log.push(`message ${bytes.length}`),
    drained: () => log.push('drained'),
    ended: () => log.push('ended'),
    closed: (status) => log.push(`closed ${status.code}`),
  };
}

describe('SimNetwork keeps the contract of a transport', () => {
  for (const { name, run } of TRANSPORT_CONTRACT) {
    it(name, async () => {
      const { scheduler, caller, callee } = setUp();
      let port = 9000;
      const transport = {
        connector: caller.connector,
        deadAddress: 's:1',
        serve: async (handlers: CallHandlers) => {
          const server = callee.serve(port++, 'client', handlers);
          return { address: server.address, close: async () => server.close() };
        },
      };
      await scheduler.until(run(transport));
    });
  }
});

describe('a partition', () => {
  it('holds messages until it heals', async () => {
    const { scheduler, network, caller, callee } = setUp();
    callee.serve(1, 'client', echo);
    const channel = caller.connector.connect('s:1');
    await scheduler.until(channel.unary(PATH, new Uint8Array(1), { timeoutMs: 1000 }));
    network.partitionOneWay('s', 'c');
    const call = channel.unary(PATH, new Uint8Array(2), { timeoutMs: 10_000 });
    let settled = false;
    void call.then(() => {
      settled = true;
    });
    await scheduler.runFor(5000);
    expect(settled).toBe(false);
    network.heal('s', 'c');
    expect((await scheduler.until(call)).length).toBe(2);
  });

  it('keeps the order of what was sent before and after it', async () => {
    const { scheduler, network, caller, callee } = setUp();
    const received: number[] = [];
    const events: StreamEvents = { message: (bytes) => received.push(bytes[0] ?? 0), drained: () => {}, ended: () => {}, closed: () => {} };
    callee.serve(1, 'client', new Map([[PATH, { kind: 'stream', open: () => events }]]));
    const stream = caller.connector.connect('s:1').stream(PATH, {}, record([]));
    for (let value = 0; value < 30; value++) {
      stream.write(new Uint8Array([value]));
      if (value === 10) network.partitionOneWay('c', 's');
      if (value === 20) network.heal();
      await scheduler.runFor(0.7);
    }
    await scheduler.idle();
    expect(received).toEqual(Array.from({ length: 30 }, (_, value) => value));
  });

  it('ends connections that last through it, at both ends, and makes new ones time out', async () => {
    const { scheduler, network, caller, callee } = setUp();
    const log: string[] = [];
    callee.serve(1, 'client', new Map([[PATH, { kind: 'stream', open: () => record(log) }]]));
    const channel = caller.connector.connect('s:1');
    const mine: string[] = [];
    channel.stream(PATH, {}, record(mine)).write(new Uint8Array(3));
    await scheduler.runFor(100);
    network.partition(['c'], ['s']);
    await scheduler.runFor(30_000);
    expect([mine, log]).toEqual([['closed UNAVAILABLE'], ['message 3', 'closed CANCELLED']]);
    expect(await scheduler.until(codeOf(channel.unary(PATH, new Uint8Array(1), { timeoutMs: 5000 })))).toBe('UNAVAILABLE');
    expect(await scheduler.until(codeOf(channel.unary(PATH, new Uint8Array(1), { timeoutMs: 100 })))).toBe('UNAVAILABLE');
    network.heal();
    await scheduler.runFor(1000);
    expect(await scheduler.until(codeOf(channel.unary('/x/y', new Uint8Array(1), { timeoutMs: 100 })))).toBe('UNIMPLEMENTED');
  });
});

describe('a process that ends', () => {
  it('breaks its connections, and its peers hear of it', async () => {
    const { scheduler, network, server, caller, callee } = setUp();
    callee.serve(1, 'client', new Map([[PATH, { kind: 'stream', open: () => record([]) }]]));
    const channel = caller.connector.connect('s:1');
    const log: string[] = [];
    channel.stream(PATH, {}, record(log));
    await scheduler.runFor(100);
    server.stop();
    network.kill('s');
    await scheduler.idle();
    expect(log).toEqual(['closed UNAVAILABLE']);
    expect(await scheduler.until(codeOf(channel.unary(PATH, new Uint8Array(1), { timeoutMs: 5000 })))).toBe('UNAVAILABLE');
    const next = scheduler.createProcess();
    network.node('s', next.scheduler).serve(1, 'client', echo);
    await scheduler.runFor(100);
    expect(await scheduler.until(codeOf(channel.unary(PATH, new Uint8Array(1), { timeoutMs: 5000 })))).toBe('OK');
  });

  it('that is paused answers late', async () => {
    const { scheduler, server, caller, callee } = setUp();
    callee.serve(1, 'client', echo);
    const channel = caller.connector.connect('s:1');
    await scheduler.until(channel.unary(PATH, new Uint8Array(1), { timeoutMs: 100 }));
    server.pause();
    expect(await scheduler.until(codeOf(channel.unary(PATH, new Uint8Array(1), { timeoutMs: 100 })))).toBe('DEADLINE_EXCEEDED');
    const late = channel.unary(PATH, new Uint8Array(1), { timeoutMs: 10_000 });
    await scheduler.runFor(500);
    server.resume();
    await scheduler.until(late);
    expect(scheduler.nowMs).toBeLessThan(1000);
  });
});

it('a reset breaks connections that may be made again at once', async () => {
  const { scheduler, network, caller, callee } = setUp();
  callee.serve(1, 'client', echo);
  const channel = caller.connector.connect('s:1');
  await scheduler.until(channel.unary(PATH, new Uint8Array(1), { timeoutMs: 1000 }));
  network.reset('c', 's');
  expect(await scheduler.until(codeOf(channel.unary(PATH, new Uint8Array(1), { timeoutMs: 1000 })))).toBe('OK');
});

it('the same seed gives the same run', async () => {
  const run = async (seed: number): Promise<readonly string[]> => {
    const { scheduler, network, caller, callee } = setUp(seed);
    const log: string[] = [];
    callee.serve(1, 'client', echo);
    const channel = caller.connector.connect('s:1');
    for (let call = 0; call < 50; call++) {
      void codeOf(channel.unary(PATH, new Uint8Array(call), { timeoutMs: 50 })).then((code) =>
        log.push(`${call} ${code} ${scheduler.nowMs}`),
      );
      if (call === 20) network.partition(['c'], ['s']);
      if (call === 30) network.heal();
      await scheduler.runFor(5);
    }
    await scheduler.idle();
    return log;
  };
  expect(await run(5)).toEqual(await run(5));
  expect(await run(5)).not.toEqual(await run(6));
});
