import { describe, expect, it } from 'vitest';
import { hideSecrets } from './hide-secrets.ts';

const SECRETS = new Set(['hunter2-hunter2', 'ab']);

describe('what a thread says', () => {
  it('never holds a secret that it knows, in traces, notes, log lines and answers to validations', () => {
    const text = 'no access with hunter2-hunter2 at db';
    expect(hideSecrets({ t: 'failed', cause: text }, SECRETS)).toEqual({ t: 'failed', cause: 'no access with [hidden] at db' });
    expect(hideSecrets({ t: 'note', text }, SECRETS)).toEqual({ t: 'note', text: 'no access with [hidden] at db' });
    const line = { t: 'log', level: 'warn', message: text, fields: { url: `x:${text}`, attempts: 3 } } as const;
    expect(hideSecrets(line, SECRETS)).toMatchObject({
      message: 'no access with [hidden] at db',
      fields: { url: 'x:no access with [hidden] at db', attempts: 3 },
    });
    const value = { name: 'url', value: 'hunter2-hunter2', recommended: [], errors: [text] };
    const answer = hideSecrets({ t: 'validated', result: { fields: [], values: [value], errorCount: 1 } }, SECRETS);
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  });

  it('keeps words that are too short to be told from a secret', () => {
    expect(hideSecrets({ t: 'note', text: 'absent' }, SECRETS)).toEqual({ t: 'note', text: 'absent' });
  });
});
