import { MoldauError } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { createLogger, type ServiceLogger } from './pino-logger.ts';

function collecting(): { log: ServiceLogger; lines: () => Record<string, unknown>[] } {
  const written: string[] = [];
  const stream = { write: (line: string) => void written.push(line) };
  const log = createLogger({ level: 'info', destination: 'stdout', fields: { service: 'broker' }, stream });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('createLogger', () => {
  it('writes one JSON line with time, level, message and the fields of the logger and its parents', () => {
    const { log, lines } = collecting();
    log.child({ traceId: 'abc' }).warn('slow', { tookMs: 5 });
    expect(lines()).toEqual([
      { level: 'warn', time: expect.any(String) as unknown, service: 'broker', traceId: 'abc', message: 'slow', tookMs: 5 },
    ]);
    expect(String(lines()[0]?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('changes its level at run time, for the children that exist too', () => {
    const { log, lines } = collecting();
    const child = log.child({ part: 'storage' });
    child.debug('unseen');
    log.setLevel('debug');
    expect(log.level).toBe('debug');
    child.debug('seen');
    log.setLevel('error');
    child.warn('unseen');
    expect(lines().map((line) => line['message'])).toEqual(['seen']);
  });

  it('writes an error with its name, facts, stack and causes', () => {
    const { log, lines } = collecting();
    const cause = new Error('EIO');
    log.error('flush failed', { error: new MoldauError('LOG_DIRECTORY_OFFLINE', 'gone', { directory: '/d' }, { cause }) });
    expect(lines()[0]?.['error']).toMatchObject({
      type: 'MoldauError',
      reason: 'LOG_DIRECTORY_OFFLINE',
      facts: { directory: '/d' },
      stack: expect.any(String) as unknown,
      cause: { message: 'EIO' },
    });
  });

  it('keeps line breaks of hostile text within the line', () => {
    const { log, lines } = collecting();
    log.info('request', { clientId: 'a\n{"level":"fatal"}' });
    expect(lines()).toHaveLength(1);
  });
});
