import { type CallOptions, type Channel, type Connector, StatusError } from '@moldau/kernel';
import { callError, coordinatorService, encodeMessage, ForwardResponse } from '@moldau/protocol';
import { SeededRandom, SimScheduler } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { ControllerClient } from './controller-client.ts';
import { CoordinatorDirectory } from './coordinator-directory.ts';

const REQUEST = { method: '', payload: new Uint8Array(), principal: '', namespace: '', clientId: '', traceparent: '', listener: '' };
const DEADLINE_MS = 30_000;

/** Coordinators of which some are paused: they take calls and never answer. */
function coordinators(paused: ReadonlySet<string>): { readonly connector: Connector; readonly asked: string[] } {
  const asked: string[] = [];
  const unary = (address: string, { signal }: CallOptions): Promise<Uint8Array> => {
    asked.push(address);
    if (!paused.has(address)) return Promise.resolve(encodeMessage(ForwardResponse, { payload: Buffer.from(address) }));
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(new StatusError({ code: 'CANCELLED', message: 'given up' })));
    });
  };
  const connect = (address: string): Channel => ({
    unary: (_path, _request, options) => unary(address, options),
    stream: () => {
      throw callError('not here');
    },
    close: () => {},
  });
  return { connector: { connect }, asked };
}

describe('a call to the controller', () => {
  it('that is paused is asked again of the next one soon after that is known, long before the deadline', async () => {
    const scheduler = new SimScheduler();
    const { connector, asked } = coordinators(new Set(['one:1']));
    let known: string | undefined = 'one:1';
    const client = new ControllerClient({
      clock: scheduler.clock,
      scheduler,
      random: new SeededRandom(1),
      coordinators: new CoordinatorDirectory(connector, scheduler.clock, ['one:1']),
      controllerAddress: () => known,
    });
    client.sessionAnswered();
    const answer = client.call(coordinatorService.forward, REQUEST, DEADLINE_MS);
    await scheduler.runFor(5_000);
    known = undefined; // the session has noticed the silence, and looks for another
    await scheduler.runFor(1_000);
    expect(asked).toEqual(['one:1']);
    known = 'two:1';
    client.sessionAnswered();
    await scheduler.runFor(700);
    expect(asked).toEqual(['one:1', 'two:1']);
    expect(Buffer.from((await answer).payload).toString()).toBe('two:1');
  });

  it('that is slow is not given up while it stays the controller', async () => {
    const scheduler = new SimScheduler();
    const { connector, asked } = coordinators(new Set(['one:1']));
    const client = new ControllerClient({
      clock: scheduler.clock,
      scheduler,
      random: new SeededRandom(1),
      coordinators: new CoordinatorDirectory(connector, scheduler.clock, ['one:1']),
      controllerAddress: () => 'one:1',
    });
    void client.call(coordinatorService.forward, REQUEST, DEADLINE_MS).catch(() => {});
    for (let second = 0; second < 20; second++) {
      client.sessionAnswered();
      await scheduler.runFor(1_000);
    }
    expect(asked).toEqual(['one:1']);
  });
});
