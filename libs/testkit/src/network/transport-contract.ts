import { assert, StatusError } from '@moldau/kernel';
import { aborted, decode, encode, failure, openStream, PATH, same, TIMEOUT_MS, unary, withServer } from './contract-calls.ts';
import { FLOW_CASES } from './flow-contract.ts';
import { STREAM_CASES } from './stream-contract.ts';
import type { TransportContractCase } from './transport-under-test.ts';

const unaryCases: readonly TransportContractCase[] = [
  {
    name: 'answers a unary call, and tells the handler of it',
    async run(transport) {
      const metadata = new Map([['moldau-client-id', 'a client']]);
      const handler = unary(async (request, incoming) => {
        same([incoming.path, incoming.listener, incoming.metadata.get('moldau-client-id')], [PATH, 'client', 'a client']);
        assert(incoming.peer.length > 0, 'the peer has a name');
        assert((incoming.timeoutMs ?? 0) > 0 && (incoming.timeoutMs ?? 0) <= TIMEOUT_MS, 'the deadline arrives', {
          timeoutMs: incoming.timeoutMs,
        });
        assert(!incoming.signal.aborted, 'a call under way is not aborted');
        return encode(`${decode(request)}!`);
      });
      await withServer(transport, handler, async (channel) => {
        same(decode(await channel.unary(PATH, encode('hello'), { timeoutMs: TIMEOUT_MS, metadata })), 'hello!');
        same((await channel.unary(PATH, encode(''), { timeoutMs: TIMEOUT_MS, metadata })).length, 1);
      });
    },
  },
  {
    name: 'carries a status with its details, and nothing of an unexpected error',
    async run(transport) {
      const details = new Uint8Array([0, 255, 7]);
      const handler = unary(async (request) => {
        if (decode(request) === 'status') throw new StatusError({ code: 'ABORTED', message: 'lost a räce\n100 %', details });
        throw new Error('a secret');
      });
      await withServer(transport, handler, async (channel) => {
        const status = await failure(channel.unary(PATH, encode('status'), { timeoutMs: TIMEOUT_MS }));
        same([status.code, status.message, [...(status.details ?? [])]], ['ABORTED', 'lost a räce\n100 %', [...details]]);
        const unexpected = await failure(channel.unary(PATH, encode('error'), { timeoutMs: TIMEOUT_MS }));
        same([unexpected.code, unexpected.message.includes('secret')], ['INTERNAL', false]);
      });
    },
  },
  {
    name: 'answers UNIMPLEMENTED to a method it does not have',
    async run(transport) {
      await withServer(
        transport,
        unary(async (request) => request),
        async (channel) => {
          same((await failure(channel.unary('/moldau.test.Service/Other', encode(''), { timeoutMs: TIMEOUT_MS }))).code, 'UNIMPLEMENTED');
        },
      );
    },
  },
  {
    name: 'ends a call whose deadline passes, at both ends',
    async run(transport) {
      let signalled: Promise<void> | undefined;
      const handler = unary((_request, incoming) => {
        signalled = aborted(incoming.signal);
        return new Promise(() => {});
      });
      await withServer(transport, handler, async (channel) => {
        same((await failure(channel.unary(PATH, encode(''), { timeoutMs: 100 }))).code, 'DEADLINE_EXCEEDED');
        await signalled;
      });
    },
  },
  {
    name: 'ends a call that the caller cancels, at both ends',
    async run(transport) {
      const controller = new AbortController();
      let signalled: Promise<void> | undefined;
      const handler = unary((_request, incoming) => {
        signalled = aborted(incoming.signal);
        controller.abort();
        return new Promise(() => {});
      });
      await withServer(transport, handler, async (channel) => {
        same((await failure(channel.unary(PATH, encode(''), { timeoutMs: TIMEOUT_MS, signal: controller.signal }))).code, 'CANCELLED');
        await signalled;
        same((await failure(channel.unary(PATH, encode(''), { timeoutMs: TIMEOUT_MS, signal: controller.signal }))).code, 'CANCELLED');
      });
    },
  },
  {
    name: 'says that nothing was sent where nobody listens',
    async run(transport) {
      const channel = transport.connector.connect(transport.deadAddress);
      const status = await failure(channel.unary(PATH, encode(''), { timeoutMs: TIMEOUT_MS }));
      same([status.code, status.unsent], ['UNAVAILABLE', true]);
      const { events } = openStream(channel, { timeoutMs: TIMEOUT_MS });
      same((await events.closed_).code, 'UNAVAILABLE');
      channel.close();
    },
  },
];

/** What every transport must do; run by the specs of the simulated network, the in-process one and gRPC. */
export const TRANSPORT_CONTRACT: readonly TransportContractCase[] = [...unaryCases, ...STREAM_CASES, ...FLOW_CASES];
