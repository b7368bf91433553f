import { describe, expect, it } from 'vitest';
import { parseClientOptions } from './client-options.ts';

describe('options of a client', () => {
  it('takes addresses as a list or separated by commas, and fills in the defaults', () => {
    const settings = parseClientOptions({ bootstrap: ' a:1, b:2 ,a:1' });
    expect(settings).toMatchObject({ bootstrap: ['a:1', 'b:2'], clientId: 'moldau-js', namespace: undefined, requestTimeoutMs: 30_000 });
    expect(parseClientOptions({ bootstrap: ['[::1]:9092'] }).bootstrap).toEqual(['[::1]:9092']);
  });

  it.each([
    [{ bootstrap: '' }, 'bootstrap'],
    [{ bootstrap: 'host' }, 'bootstrap'],
    [{ bootstrap: 'host:0' }, 'bootstrap'],
    [{ bootstrap: 'host:70000' }, 'bootstrap'],
    [{ bootstrap: 'a:1', clientId: 'x\n' }, 'clientId'],
    [{ bootstrap: 'a:1', requestTimeoutMs: 0 }, 'requestTimeoutMs'],
  ])('refuses %j, naming the option, its value and its limit', (options, option) => {
    expect(() => parseClientOptions(options)).toThrow(
      expect.objectContaining({ reason: 'INVALID_CONFIG', facts: expect.objectContaining({ option }) as unknown }),
    );
  });

  it('refuses a namespace that is none', () => {
    expect(() => parseClientOptions({ bootstrap: 'a:1', namespace: 'No' })).toThrow(
      expect.objectContaining({ reason: 'INVALID_NAMESPACE' }),
    );
  });
});
