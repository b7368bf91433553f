import { type CallHandler, type IncomingCall, type MethodPath, type ServerStream, StatusError } from '@moldau/kernel';
import { coordinatorService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { createLateHandlers } from './late-handlers.ts';

const { forward, brokerSession } = coordinatorService;
const incoming: IncomingCall = {
  path: forward.path,
  listener: 'internal',
  peer: 'p',
  metadata: new Map(),
  timeoutMs: undefined,
  signal: new AbortController().signal,
};

async function callUnary(handler: CallHandler | undefined): Promise<Uint8Array> {
  if (handler?.kind !== 'unary') throw new Error('not unary');
  return handler.call(new Uint8Array([1]), incoming);
}

describe('createLateHandlers', () => {
  it('has every method of the services from the start, and refuses until it is filled', async () => {
    const late = createLateHandlers([coordinatorService]);
    expect([...late.handlers.keys()]).toEqual(Object.values(coordinatorService).map(({ path }) => path));
    const outcome = await callUnary(late.handlers.get(forward.path)).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(StatusError);
    expect((outcome as StatusError).status.code).toBe('UNAVAILABLE');
  });

  it('passes calls on once it is filled; what nobody handles is UNIMPLEMENTED', async () => {
    const late = createLateHandlers([coordinatorService]);
    const real: CallHandler = { kind: 'unary', call: async (request) => Uint8Array.from([...request, 2]) };
    late.fill(new Map<MethodPath, CallHandler>([[forward.path, real]]));
    expect([...(await callUnary(late.handlers.get(forward.path)))]).toEqual([1, 2]);
    const stream = late.handlers.get(brokerSession.path);
    if (stream?.kind !== 'stream') throw new Error('not a stream');
    expect(() => stream.open({} as ServerStream, incoming)).toThrow('UNIMPLEMENTED');
  });
});
