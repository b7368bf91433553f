import { type ClientStream, STATUS_OK, StatusError } from '@moldau/kernel';
import { aborted, type Collector, decode, encode, openStream, same, stream, withServer } from './contract-calls.ts';
import type { TransportContractCase, TransportUnderTest } from './transport-under-test.ts';

/** Messages both ways, and how streams end. */
export const STREAM_CASES: readonly TransportContractCase[] = [
  {
    name: 'carries messages both ways in order, the half-close, and the status last',
    async run(transport: TransportUnderTest): Promise<void> {
      const echo = stream((server, events) => {
        events.onMessage = (bytes) => void server.write(bytes);
        events.onEnded = () => server.close(STATUS_OK);
      });
      await withServer(transport, echo, async (channel) => {
        const { call, events } = openStream(channel);
        const sent = Array.from({ length: 500 }, (_, index) => 'x'.repeat(index % 50) + String(index));
        for (const value of sent) call.write(encode(value));
        call.end();
        const status = await events.closed_;
        same([status.code, events.messages.map(decode)], ['OK', sent]);
      });
    },
  },
  {
    name: 'takes a composed message whole before the write returns, in order with the others',
    async run(transport: TransportUnderTest): Promise<void> {
      const taken: number[] = [];
      const handler = stream((server, events) => {
        events.onMessage = () => {
          const piece = encode('composed');
          server.write(encode('before'));
          server.writeComposed({
            byteLength: piece.length,
            copy: (target, at) => {
              target.set(piece, at);
              taken.push(at);
            },
          });
          // The piece's memory is used again at once.
          piece.fill(0);
          server.write(encode('after'));
          server.close(STATUS_OK);
          server.writeComposed({ byteLength: 1, copy: () => taken.push(-1) });
        };
      });
      await withServer(transport, handler, async (channel) => {
        const { call, events } = openStream(channel);
        call.write(encode('go'));
        same((await events.closed_).code, 'OK');
        same(events.messages.map(decode), ['before', 'composed', 'after']);
        same(taken.filter((at) => at >= 0).length, 1);
      });
    },
  },
  {
    name: 'delivers what the server wrote before it closed with an error, and closes both ends once',
    async run(transport: TransportUnderTest): Promise<void> {
      let served: Collector | undefined;
      const handler = stream((server, events) => {
        served = events;
        events.onMessage = (bytes) => {
          server.write(bytes);
          server.close({ code: 'FAILED_PRECONDITION', message: 'fenced' });
          server.close(STATUS_OK);
          server.write(bytes);
        };
      });
      await withServer(transport, handler, async (channel) => {
        const { call, events } = openStream(channel);
        call.write(encode('one'));
        const status = await events.closed_;
        same([status.code, status.message], ['FAILED_PRECONDITION', 'fenced']);
        same((await served?.closed_)?.code, 'FAILED_PRECONDITION');
        same(call.write(encode('two')), false);
        call.end();
        call.cancel();
      });
    },
  },
  {
    name: 'names the same peer when the caller has gone',
    async run(transport: TransportUnderTest): Promise<void> {
      let peers: readonly string[] = [];
      let served: Collector | undefined;
      const handler = stream((server, events, incoming) => {
        served = events;
        peers = [incoming.peer];
        events.onMessage = (bytes) => void server.write(bytes);
        void events.closed_.then(() => {
          peers = [...peers, incoming.peer];
        });
      });
      await withServer(transport, handler, async (channel) => {
        const { call, events } = openStream(channel);
        events.onMessage = () => call.cancel();
        call.write(encode('one'));
        await events.closed_;
        same((await served?.closed_)?.code, 'CANCELLED');
        await Promise.resolve();
        same(peers, [peers[0], peers[0]]);
      });
    },
  },
  {
    name: 'ends a stream whose handler throws with the status thrown, or INTERNAL',
    async run(transport: TransportUnderTest): Promise<void> {
      const handler = stream((_server, events, incoming) => {
        if (incoming.metadata.has('throw-at-once')) throw new StatusError({ code: 'UNAUTHENTICATED', message: 'who are you' });
        events.onMessage = () => {
          throw new Error('a secret');
        };
      });
      await withServer(transport, handler, async (channel) => {
        const refused = openStream(channel, { metadata: new Map([['throw-at-once', '1']]) });
        same((await refused.events.closed_).code, 'UNAUTHENTICATED');
        const broken = openStream(channel);
        broken.call.write(encode('x'));
        const status = await broken.events.closed_;
        same([status.code, status.message.includes('secret')], ['INTERNAL', false]);
      });
    },
  },
  {
    name: 'tells the server that the client cancelled, or closed its channel',
    async run(transport: TransportUnderTest): Promise<void> {
      const served: Collector[] = [];
      const signals: Promise<void>[] = [];
      const handler = stream((server, events, incoming) => {
        served.push(events);
        signals.push(aborted(incoming.signal));
        server.write(encode('hello'));
      });
      await withServer(transport, handler, async (channel) => {
        for (const stop of [(call: ClientStream) => call.cancel(), () => channel.close()]) {
          const { call, events } = openStream(channel);
          await new Promise<void>((resolve) => {
            events.onMessage = () => resolve();
          });
          stop(call);
          same((await events.closed_).code, 'CANCELLED');
        }
        for (const events of served) same((await events.closed_).code, 'CANCELLED');
        await Promise.all(signals);
      });
    },
  },
  {
    name: 'ends a stream at its deadline, at both ends',
    async run(transport: TransportUnderTest): Promise<void> {
      let served: Collector | undefined;
      const handler = stream((_server, events) => {
        served = events;
      });
      await withServer(transport, handler, async (channel) => {
        const { call, events } = openStream(channel, { timeoutMs: 200 });
        call.write(encode('x'));
        same((await events.closed_).code, 'DEADLINE_EXCEEDED');
        await served?.closed_;
      });
    },
  },
];
