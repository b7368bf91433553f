import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { collectErrors } from '../testing/collect-errors.ts';
import { declareConfig } from './config-declaration.ts';
import { configInfos, maskConfig } from './config-infos.ts';
import { configReference } from './config-reference.ts';
import { field } from './fields.ts';
import { Secret } from './secret.ts';

const declaration = declareConfig(
  {
    file: field.string({ doc: 'The file.' }),
    'poll.interval.ms': field.duration({ default: 1000, min: 10, max: 60_000, doc: 'How often.' }),
    'batch.bytes': field.size({ default: 65_536, doc: 'Of one batch.' }),
    mode: field.choice(['insert', 'upsert'], { default: 'insert', doc: 'How | what.', group: 'Writes' }),
    columns: field.list({ default: [], doc: 'Columns.' }),
    retries: field.integer({ default: 3, min: 0, doc: 'Tries.' }),
    ratio: field.number({ optional: true, doc: 'A ratio.' }),
    strict: field.boolean({ default: false, doc: 'Strict.' }),
    'connection.password': field.password({ optional: true, doc: 'The password.' }),
    match: field.pattern({ default: 'a+', doc: 'What to match.' }),
    'header.': field.prefix({ doc: 'Headers.' }),
  },
  { check: ({ mode, columns }) => (mode === 'upsert' && columns.length === 0 ? [{ field: 'columns', message: 'upsert needs some' }] : []) },
);

describe('declared settings', () => {
  it('become typed values, from texts as well as from JSON', () => {
    const parsed = declaration.parse({
      file: '/x',
      'poll.interval.ms': '2s',
      'batch.bytes': '1MiB',
      columns: 'a, b',
      retries: '5',
      ratio: '0.5',
      strict: 'TRUE',
      'connection.password': 'hush',
      'header.Accept': 'text/plain',
    });
    if (!parsed.ok) throw new Error(inspect(parsed.errors));
    const { config } = parsed;
    // The compiler holds these types to what was declared.
    const interval: number = config['poll.interval.ms'];
    const mode: 'insert' | 'upsert' = config.mode;
    const ratio: number | undefined = config.ratio;
    expect([interval, mode, ratio, config['batch.bytes'], config.columns, config.retries, config.strict]).toEqual([
      2000,
      'insert',
      0.5,
      1_048_576,
      ['a', 'b'],
      5,
      true,
    ]);
    expect(config['connection.password']?.reveal()).toBe('hush');
    expect(config.match.matches('aaa')).toBe(true);
    expect([...config['header.']]).toEqual([['Accept', 'text/plain']]);
  });

  it('tell everything that is wrong at once, each with the value and the limit', () => {
    const wrong = {
      'poll.intervall.ms': 5,
      'poll.interval.ms': '5',
      mode: 'merge',
      retries: 1.5,
      strict: 'perhaps',
      match: '(',
      ratio: 'NaN',
      file: ['x'],
    };
    expect(collectErrors(declaration, wrong)).toEqual([
      'poll.intervall.ms: unknown setting "poll.intervall.ms"; did you mean poll.interval.ms?',
      'file: a text is needed, not ["x"]',
      'poll.interval.ms: 5 ms is below 10 ms',
      'mode: "merge" is not one of insert, upsert',
      'retries: 1.5 is not a whole number',
      'ratio: "NaN" is not a number',
      'strict: "perhaps" is neither true nor false',
      expect.stringMatching(/^match: not a regular expression of RE2's syntax: /) as string,
    ]);
  });

  it('name what is missing, and check rules between settings once each is right', () => {
    expect(collectErrors(declaration, {})).toEqual(['file: missing; text, not empty']);
    expect(collectErrors(declaration, { file: '/x', mode: 'upsert' })).toEqual(['columns: upsert needs some']);
  });

  it.each(['__proto__', 'constructor', 'header.__proto__', 'a.prototype.b'])('refuse the name %s', (name) => {
    const input = JSON.parse(`{"file": "/x", ${JSON.stringify(name)}: "1"}`) as { readonly file: string };
    expect(collectErrors(declaration, input)).toEqual([`${name}: this name is not allowed`]);
    expect(({} as { readonly polluted?: unknown }).polluted).toBeUndefined();
  });

  it('leave alone what others declare, and know their names for hints', () => {
    const others = [declareConfig({ 'tasks.max': field.integer({ default: 1, doc: 'Tasks.' }) })];
    expect(declaration.parse({ file: '/x', 'tasks.max': 'nonsense' }, others).ok).toBe(true);
    expect(declaration.check({ file: '/x', 'task.max': 1 }, others)).toEqual([
      { field: 'task.max', message: 'unknown setting "task.max"; did you mean tasks.max?' },
    ]);
  });

  it('are checked but for references to secrets, which are not resolved yet', () => {
    expect(declaration.check({ file: '${env:FILE}', retries: '${file:/run/n:x}', mode: 'upsert' })).toEqual([]);
    expect(declaration.check({ file: '${env:FILE}', ratio: 'x' })).toEqual([{ field: 'ratio', message: '"x" is not a number' }]);
  });
});

describe('secrets', () => {
  it('show nothing of themselves', () => {
    const secret = new Secret('hush');
    const shown = [String(secret), JSON.stringify({ secret }), inspect({ secret }), `${inspect(secret, { showHidden: true })}`];
    expect(shown.filter((text) => text.includes('hush'))).toEqual([]);
    expect(secret.reveal()).toBe('hush');
  });

  it('are masked in answers, as are settings that nobody declared; references stay', () => {
    const input = { file: '/x', 'connection.password': 'hush', 'connection.pasword': 'hush', retries: 2 };
    expect(maskConfig([declaration], input)).toEqual({
      file: '/x',
      'connection.password': '[hidden]',
      'connection.pasword': '[hidden]',
      retries: 2,
    });
    expect(maskConfig([declaration], { 'connection.password': '${env:P}' })).toEqual({ 'connection.password': '${env:P}' });
    const infos = configInfos('X', [declaration], input, declaration.check(input));
    expect(JSON.stringify(infos)).not.toContain('hush');
  });
});

describe("Kafka's answer to a validation", () => {
  it('has every setting with its definition, its value and its errors', () => {
    const input = { mode: 'merge', nonsense: 1 };
    const infos = configInfos('FileSource', [declaration], input, declaration.check(input));
    expect({ ...infos, configs: infos.configs.length }).toEqual({
      name: 'FileSource',
      error_count: 3,
      groups: ['General', 'Writes'],
      configs: 12,
    });
    expect(infos.configs.find(({ value }) => value.name === 'mode')).toEqual({
      definition: {
        name: 'mode',
        type: 'STRING',
        required: false,
        default_value: 'insert',
        importance: 'MEDIUM',
        documentation: 'How | what.',
        group: 'Writes',
        width: 'NONE',
        display_name: 'mode',
        dependents: [],
        order: 1,
      },
      value: {
        name: 'mode',
        value: 'merge',
        recommended_values: ['insert', 'upsert'],
        errors: ['"merge" is not one of insert, upsert'],
        visible: true,
      },
    });
    expect(infos.configs.at(-1)?.value.errors).toEqual(['unknown setting "nonsense"']);
    expect(infos.configs[0]?.definition).toMatchObject({ name: 'file', required: true, importance: 'HIGH', default_value: null });
  });
});

describe('the reference', () => {
  it('has a table for each group, what is required first', () => {
    const text = configReference(declaration);
    expect(text).toContain(
      '### General\n\n| Setting | Value | Default | Meaning |\n|---|---|---|---|\n| `file` | text, not empty | *required* | The file. |',
    );
    expect(text).toContain(
      '| `poll.interval.ms` | milliseconds, or a number with ms, s, m, h or d, 10 ms … 60000 ms | `1000` | How often. |',
    );
    expect(text).toContain('### Writes\n\n');
    expect(text).toContain('How \\| what.');
  });
});
