import { type Channel, ERROR_CATALOGUE, type ErrorName, MoldauError, type Status, StatusError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { callError, errorToStatus, statusToError, toStatusError } from './error-status.ts';
import { errorToItem, itemToError } from './item-error.ts';
import { callUnary, openStream } from './rpc/client-call.ts';
import { producerService } from './services.ts';

const ignore = (): void => {};
const names = Object.keys(ERROR_CATALOGUE) as ErrorName[];

describe('an error on the wire', () => {
  it.each(names)('%s arrives with its reason, facts and delay', (name) => {
    const sent = new MoldauError(name, 'topic orders is unknown', { topic: 'orders' }, { retryAfterMs: 1250 });
    const arrived = statusToError(errorToStatus(sent));
    expect(arrived.reason).toBe(name);
    expect(arrived.facts).toEqual({ topic: 'orders' });
    expect(arrived.retryAfterMs).toBe(1250);
    expect(errorToStatus(sent).code).toBe(ERROR_CATALOGUE[name].status);
  });

  it('does not tell the other side what an internal error was', () => {
    const status = errorToStatus(MoldauError.from(new Error('password=hunter2')));
    expect(status.message).not.toContain('hunter2');
    expect(Buffer.from(status.details ?? []).toString('latin1')).not.toContain('hunter2');
  });

  it('keeps its reason however long what the caller sent is: text is cut, and says so', () => {
    const long = 'x'.repeat(1_000_000);
    const sent = new MoldauError('INVALID_TOPIC_NAME', `topic name '${long}' is too long`, { name: long, limit: '249' });
    const status = errorToStatus(sent);
    expect(status.message).toHaveLength(1024);
    expect(status.details?.length).toBeLessThan(4096);
    for (const arrived of [statusToError(status), itemToError(errorToItem(sent))]) {
      expect(arrived.reason).toBe('INVALID_TOPIC_NAME');
      expect(arrived.facts).toEqual({ name: `${'x'.repeat(511)}…`, limit: '249' });
    }
    const half = errorToItem(new MoldauError('INVALID_REQUEST', 'x', { field: `${'x'.repeat(510)}😀${'x'.repeat(10)}` }));
    expect(half.metadata.get('field')?.isWellFormed()).toBe(true);
  });

  it('goes by the status alone when a foreign server or a proxy sent it', () => {
    expect(statusToError({ code: 'UNAVAILABLE', message: 'no healthy upstream' }).reason).toBe('CONNECTION_FAILED');
    expect(statusToError({ code: 'DEADLINE_EXCEEDED', message: '' }).reason).toBe('REQUEST_TIMED_OUT');
    expect(statusToError({ code: 'DATA_LOSS', message: '', details: new Uint8Array([255, 255]) }).reason).toBe('INTERNAL');
  });

  it('is definite when the call never left, so that it may be made again, and indefinite when its connection broke', () => {
    const unsent = statusToError({ code: 'UNAVAILABLE', message: 'no connection', unsent: true });
    expect(unsent).toMatchObject({ reason: 'SERVER_UNREACHABLE', message: 'no connection', certainty: 'definite', retriable: true });
    const broken = statusToError({ code: 'UNAVAILABLE', message: 'reset' });
    expect(broken).toMatchObject({ reason: 'CONNECTION_FAILED', certainty: 'indefinite', retriable: true });
  });

  it('of a call or a stream that never left says so too', async () => {
    const status: Status = { code: 'UNAVAILABLE', message: 'no connection', unsent: true };
    expect(callError(new StatusError(status))).toMatchObject({ reason: 'SERVER_UNREACHABLE', certainty: 'definite' });
    const nothing = { write: () => true, end: ignore, cancel: ignore, pause: ignore, resume: ignore };
    const channel: Channel = {
      unary: () => Promise.reject(new StatusError(status)),
      stream: (_path, _options, events) => {
        events.closed(status);
        return nothing;
      },
      close: ignore,
    };
    const call = callUnary(channel, producerService.initProducer, {}, { timeoutMs: 1 });
    await expect(call).rejects.toMatchObject({ reason: 'SERVER_UNREACHABLE' });
    const closed: unknown[] = [];
    openStream(channel, producerService.produceStream, {}, { message: ignore, closed: (error) => void closed.push(error?.reason) });
    expect(closed).toEqual(['SERVER_UNREACHABLE']);
  });

  it('keeps a status that is one already', () => {
    const status = new StatusError({ code: 'ABORTED', message: 'x' });
    expect(toStatusError(status)).toBe(status);
    expect(callError(new RangeError('x')).reason).toBe('INTERNAL');
  });
});

describe('an error of one item', () => {
  it.each(names)('%s arrives with its reason and facts', (name) => {
    const arrived = itemToError(errorToItem(new MoldauError(name, 'why', { partition: '3' })));
    expect([arrived.reason, arrived.facts]).toEqual([name, { partition: '3' }]);
  });

  it('of a name that this version does not know becomes INTERNAL and keeps the name', () => {
    const item = { ...errorToItem(new MoldauError('NOT_LEADER', 'why')), reason: 'FROM_THE_FUTURE' };
    expect(itemToError(item)).toMatchObject({ reason: 'INTERNAL', facts: { reason: 'FROM_THE_FUTURE' } });
  });
});
