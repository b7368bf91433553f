import {
  assert,
  type CallHandler,
  type CallHandlers,
  type CallOptions,
  type Channel,
  type ClientStream,
  type Connector,
  type IncomingCall,
  type MethodPath,
  type ServerStream,
  STATUS_OK,
  type Status,
  StatusError,
  type StreamEvents,
} from '@moldau/kernel';

/** A network to check: somewhere to serve, and a way to call it. */
export interface TransportUnderTest {
  readonly connector: Connector;
  /** Serves on an address of its choice, as the listener `client`. */
  serve(handlers: CallHandlers): Promise<{ readonly address: string; close(): Promise<void> }>;
  /** An address nobody listens on. */
  readonly deadAddress: string;
}

/** One promise of the transport port, to be checked against every implementation. */
export interface TransportContractCase {
  readonly name: string;
  /** Rejects when the promise is broken. */
  run(transport: TransportUnderTest): Promise<void>;
}

const PATH: MethodPath = '/moldau.test.Service/Method';
const TIMEOUT_MS = 10_000;
const encode = (value: string): Uint8Array => new TextEncoder().encode(value);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function same(actual: unknown, expected: unknown): void {
  assert(JSON.stringify(actual) === JSON.stringify(expected), 'the value is as the contract says', { actual, expected });
}

/** Collects what a stream tells; every list may be awaited. */
class Collector implements StreamEvents {
  readonly messages: Uint8Array[] = [];
  readonly ends: string[] = [];
  drains = 0;
  readonly closed_: Promise<Status>;
  readonly ended_: Promise<void>;
  readonly drained_: Promise<void>;
  #close!: (status: Status) => void;
  #end!: () => void;
  #drain!: () => void;
  onMessage: (bytes: Uint8Array) => void = () => {};
  onEnded: () => void = () => {};

  constructor() {
    this.closed_ = new Promise((resolve) => {
      this.#close = resolve;
    });
    this.ended_ = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.drained_ = new Promise((resolve) => {
      this.#drain = resolve;
    });
  }

  message(bytes: Uint8Array): void {
    this.#checkOpen();
    this.messages.push(bytes);
    this.onMessage(bytes);
  }

  drained(): void {
    this.#checkOpen();
    this.drains++;
    this.#drain();
  }

  ended(): void {
    this.#checkOpen();
    this.ends.push('ended');
    this.#end();
    this.onEnded();
  }

  closed(status: Status): void {
    this.#checkOpen();
    this.ends.push('closed');
    this.#close(status);
  }

  #checkOpen(): void {
    assert(!this.ends.includes('closed'), 'no callback runs after closed');
  }
}

async function withServer(transport: TransportUnderTest, handler: CallHandler, body: (channel: Channel) => Promise<void>): Promise<void> {
  const server = await transport.serve(new Map([[PATH, handler]]));
  const channel = transport.connector.connect(server.address);
  try {
    await body(channel);
  } finally {
    channel.close();
    await server.close();
  }
}

async function failure(promise: Promise<unknown>): Promise<Status> {
  const outcome: unknown = await promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );
  assert(outcome instanceof StatusError, 'the call rejects with a StatusError', { outcome: String(outcome) });
  return outcome.status;
}

function unary(call: (request: Uint8Array, incoming: IncomingCall) => Promise<Uint8Array>): CallHandler {
  return { kind: 'unary', call };
}

function stream(open: (stream: ServerStream, events: Collector, incoming: IncomingCall) => void): CallHandler {
  return {
    kind: 'stream',
    open: (server, incoming) => {
      const events = new Collector();
      open(server, events, incoming);
      return events;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

function openStream(channel: Channel, options: CallOptions = {}): { call: ClientStream; events: Collector } {
  const events = new Collector();
  return { call: channel.stream(PATH, options, events), events };
}

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

const streamCases: readonly TransportContractCase[] = [
  {
    name: 'carries messages both ways in order, the half-close, and the status last',
    async run(transport) {
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
    name: 'delivers what the server wrote before it closed with an error, and closes both ends once',
    async run(transport) {
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
    name: 'ends a stream whose handler throws with the status thrown, or INTERNAL',
    async run(transport) {
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
    async run(transport) {
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
    async run(transport) {
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

const flowCases: readonly TransportContractCase[] = [
  {
    name: 'holds a client back while the server does not read, and lets it go on afterwards',
    async run(transport) {
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
    async run(transport) {
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

/** What every transport must do; run by the specs of the simulated network, the in-process one and gRPC. */
export const TRANSPORT_CONTRACT: readonly TransportContractCase[] = [...unaryCases, ...streamCases, ...flowCases];
