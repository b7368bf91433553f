import { describe, expect, it } from 'vitest';
import { spoolConfig } from './spool-config.ts';

describe('settings', () => {
  it('are refused all at once', () => {
    const parsed = spoolConfig.parse({
      'input.path': '/in',
      'error.path': '/in',
      topic: 't',
      format: 'line',
      'key.fields': 'a',
      'csv.columns': 'a:int9',
      'csv.quote.char': ',',
      'bad.line.topic': 'bad',
    });
    expect(parsed.ok ? [] : parsed.errors.map(({ field }) => field)).toEqual([
      'finished.path',
      'error.path',
      'csv.columns',
      'csv.quote.char',
      'key.fields',
      'bad.line.topic',
    ]);
  });
});
