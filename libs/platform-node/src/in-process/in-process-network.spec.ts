import type { CallHandlers, MethodPath, StreamEvents } from '@moldau/kernel';
import { TRANSPORT_CONTRACT } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { createInProcessNetwork } from './in-process-network.ts';

const PATH: MethodPath = '/test.Service/Method';

describe('the in-process network keeps the contract of a transport', () => {
  for (const { name, run } of TRANSPORT_CONTRACT) {
    it(name, async () => {
      const network = createInProcessNetwork();
      await run({
        connector: network.connector,
        deadAddress: 'nobody:1',
        serve: async (handlers: CallHandlers) => {
          const server = network.serve('broker:9092', 'client', handlers);
          return { address: server.address, close: async () => server.close() };
        },
      });
    });
  }
});

it('a server that stops breaks its calls at both ends, and another may take its address', async () => {
  const network = createInProcessNetwork();
  const log: string[] = [];
  const events = (who: string): StreamEvents => ({
    message: () => {},
    drained: () => {},
    ended: () => {},
    closed: (status) => log.push(`${who} ${status.code}`),
  });
  const server = network.serve('a', 'client', new Map([[PATH, { kind: 'stream', open: () => events('server') }]]));
  const channel = network.connector.connect('a');
  channel.stream(PATH, {}, events('client'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  server.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(log.sort()).toEqual(['client UNAVAILABLE', 'server CANCELLED']);
  network.serve('a', 'client', new Map([[PATH, { kind: 'unary', call: async (request) => request }]]));
  expect(await channel.unary(PATH, new Uint8Array([1]), { timeoutMs: 1000 })).toEqual(new Uint8Array([1]));
});

it('makes thousands of calls a second', async () => {
  const network = createInProcessNetwork();
  network.serve('a', 'client', new Map([[PATH, { kind: 'unary', call: async (request) => request }]]));
  const channel = network.connector.connect('a');
  const answers = await Promise.all(Array.from({ length: 5000 }, () => channel.unary(PATH, new Uint8Array(8), { timeoutMs: 10_000 })));
  expect(answers).toHaveLength(5000);
});
