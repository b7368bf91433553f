import { assert, type ServerStream } from '@moldau/kernel';
import { type Collector, encode, openStream, stream, withServer } from './contract-calls.ts';
import type { TransportContractCase, TransportUnderTest } from './transport-under-test.ts';

const MESSAGE_BYTES = 64 * 1024;
/** More than any window between the two ends holds. */
const MESSAGES_MAX = 2000;

/** Writes until told to stop; the number of the last message written. */
function fill(sink: { write(message: Uint8Array): boolean }, from: number): number {
  for (let count = from + 1; count <= MESSAGES_MAX; count++) {
    const message = new Uint8Array(MESSAGE_BYTES);
    message[0] = count;
    if (!sink.write(message)) return count;
  }
  return MESSAGES_MAX;
}

/** Fills again and again, as `drained` allows, until `drained` stays away: the receiver's whole window is full. */
function fillWindow(sink: { write(message: Uint8Array): boolean }, events: Collector): { written(): number } {
  let written = fill(sink, 0);
  events.drained = () => {
    events.drains++;
    if (written < MESSAGES_MAX) written = fill(sink, written);
  };
  return { written: () => written };
}

async function checkFlow(sent: { written(): number }, receiver: { resume(): void }, events: Collector): Promise<void> {
  // A round of the receiver's: several messages have had time to arrive, had they been let through.
  const before = events.messages.length;
  assert(before <= 32, 'a paused receiver gets only what was under way', { before });
  receiver.resume();
  await new Promise<void>((resolve) => {
    events.onMessage = () => {
      if (events.messages.length >= MESSAGES_MAX) resolve();
    };
  });
  assert(sent.written() >= MESSAGES_MAX, 'drained lets the writer go on', { written: sent.written() });
  for (const [index, message] of events.messages.entries()) {
    assert(message[0] === (index + 1) % 256, 'messages keep their order', { index, first: message[0] });
  }
}

/** Back-pressure. */
export const FLOW_CASES: readonly TransportContractCase[] = [
  {
    name: 'holds a client back while the server does not read, and lets it go on afterwards',
    async run(transport: TransportUnderTest): Promise<void> {
      let server: ServerStream | undefined;
      let served: Collector | undefined;
      let opened = (): void => {};
      const handler = stream((stream_, events) => {
        server = stream_;
        served = events;
        stream_.pause();
        opened();
      });
      await withServer(transport, handler, async (channel) => {
        const { call, events } = openStream(channel);
        const ready = new Promise<void>((resolve) => {
          opened = resolve;
        });
        const sent = fillWindow(call, events);
        await ready;
        assert(server !== undefined && served !== undefined, 'the stream is open');
        assert(sent.written() < MESSAGES_MAX, 'write returns false');
        await checkFlow(sent, server, served);
        call.cancel();
      });
    },
  },
  {
    name: 'holds a server back while the client does not read, and lets it go on afterwards',
    async run(transport: TransportUnderTest): Promise<void> {
      let sent: { written(): number } | undefined;
      const handler = stream((server, events) => {
        events.onMessage = () => {
          sent = fillWindow(server, events);
        };
      });
      await withServer(transport, handler, async (channel) => {
        const { call, events } = openStream(channel);
        call.write(encode('go'));
        await new Promise<void>((resolve) => {
          events.onMessage = () => {
            call.pause();
            resolve();
          };
        });
        assert(sent !== undefined && sent.written() < MESSAGES_MAX, 'write returns false');
        await checkFlow(sent, call, events);
        call.cancel();
      });
    },
  },
];
