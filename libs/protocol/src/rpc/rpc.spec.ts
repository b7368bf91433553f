import {
  type CallHandler,
  type Channel,
  composedBytes,
  type IncomingCall,
  MoldauError,
  type ServerStream,
  STATUS_OK,
  type Status,
  type StreamEvents,
} from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { metadataService, producerService } from '../services.ts';
import { callUnary, openStream } from './client-call.ts';
import { serverStreamHandler, streamHandler, unaryHandler } from './server-call.ts';

const incoming: IncomingCall = {
  path: '/moldau.v1.Test/Test',
  listener: 'client',
  peer: 'test',
  metadata: new Map(),
  timeoutMs: undefined,
  signal: new AbortController().signal,
};

/** A channel straight to one handler, without a network: what is written arrives at once. */
function channelTo(handler: CallHandler): Channel {
  return {
    unary: (_path, request) => (handler.kind === 'unary' ? handler.call(request, incoming) : Promise.reject(new Error('not unary'))),
    stream(_path, _options, client) {
      if (handler.kind !== 'stream') throw new Error('not a stream');
      let open = true;
      const close = (status: Status): void => {
        if (!open) return;
        open = false;
        client.closed(status);
        server.closed(status);
      };
      const nothing = { pause: (): void => {}, resume: (): void => {} };
      const sink: ServerStream = {
        write: (bytes) => (client.message(bytes), true),
        writeComposed: (message) => (client.message(composedBytes(message)), true),
        close,
        ...nothing,
      };
      const server: StreamEvents = handler.open(sink, incoming);
      return {
        write: (bytes) => (server.message(bytes), true),
        end: () => server.ended(),
        cancel: () => close({ code: 'CANCELLED', message: '' }),
        ...nothing,
      };
    },
    close: () => {},
  };
}

const timeoutMs = 1000;

describe('a unary call', () => {
  it('carries request and response', async () => {
    const channel = channelTo(unaryHandler(producerService.initProducer, async () => ({ producerId: 7, producerEpoch: 0 })));
    expect(await callUnary(channel, producerService.initProducer, {}, { timeoutMs })).toMatchObject({ producerId: 7 });
  });

  it('rejects with the error the handler threw', async () => {
    const channel = channelTo(
      unaryHandler(producerService.initProducer, async () => {
        throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'none yet');
      }),
    );
    await expect(callUnary(channel, producerService.initProducer, {}, { timeoutMs })).rejects.toMatchObject({
      reason: 'COORDINATOR_NOT_AVAILABLE',
    });
  });

  it('refuses bytes that are no such message', async () => {
    const handler = unaryHandler(producerService.produce, async () => ({ results: [] }));
    if (handler.kind !== 'unary') throw new Error('unary');
    await expect(handler.call(new Uint8Array([0x1a, 0xff]), incoming)).rejects.toMatchObject({ status: { code: 'INVALID_ARGUMENT' } });
  });
});

describe('a stream', () => {
  it('carries messages both ways and closes with the status of what the server threw', () => {
    const seen: string[] = [];
    const channel = channelTo(
      streamHandler(producerService.produceStream, (call) => ({
        message(request): void {
          if (request.frame?.$case === 'append') throw new MoldauError('INVALID_REQUEST', 'configure first');
          call.send({ frame: { $case: 'ready', value: { maxUnansweredBytes: 1, maxBatchBytes: 2 } } });
        },
        ended: () => call.close(),
        closed: () => void seen.push('server closed'),
      })),
    );
    const call = openStream(
      channel,
      producerService.produceStream,
      {},
      {
        message: (response) => void seen.push(response.frame?.$case ?? 'nothing'),
        closed: (error) => void seen.push(error?.reason ?? 'ok'),
      },
    );
    call.send({ frame: { $case: 'configuration', value: { acks: 1 } } });
    call.send({ frame: { $case: 'append', value: { batches: [] } } });
    expect(seen).toEqual(['ready', 'INVALID_REQUEST', 'server closed']);
  });

  it('from the server begins with its one request', () => {
    const seen: unknown[] = [];
    const channel = channelTo(
      serverStreamHandler(metadataService.watchMetadata, (request, call) => {
        call.send({ frame: { $case: 'heartbeat', value: {} } });
        call.close(request.allTopics ? undefined : new MoldauError('INVALID_REQUEST', 'all'));
        return { closed: (status) => void seen.push(status) };
      }),
    );
    const call = openStream(
      channel,
      metadataService.watchMetadata,
      {},
      { message: (m) => void seen.push(m.frame?.$case), closed: (e) => void seen.push(e) },
    );
    call.send({ topics: [], allTopics: true });
    expect(seen).toEqual(['heartbeat', undefined]);
    expect(STATUS_OK.code).toBe('OK');
  });
});
