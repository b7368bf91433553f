import type { JsonObject, SourceRecord } from '@moldau/connect';
import { collectErrors, createSourceContext, type StoringContext } from '@moldau/connect/testing';
import { describe, expect, it } from 'vitest';
import { datagenSource } from './datagen-source.ts';
import { TEMPLATE_NAMES } from './template.ts';

const { signal } = new AbortController();

interface Run {
  readonly settings: JsonObject;
  readonly share?: JsonObject;
  readonly context?: StoringContext;
  /** Ends after so many records; else when the task is finished. */
  readonly records?: number;
}

/** What the task gives, batch by batch, its positions stored. */
async function run({
  settings,
  share = { task: 0, of: 1 },
  context = createSourceContext(),
  records = 10_000,
}: Run): Promise<SourceRecord[]> {
  const parsed = datagenSource.config.parse({ topic: 't', 'records.per.second': 0, ...settings });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  const task = await datagenSource.start(parsed.config, share, context);
  const given: SourceRecord[] = [];
  while (given.length < records) {
    const batch = await task.poll(signal);
    if (batch === 'finished') break;
    if (batch === undefined) continue;
    given.push(...batch.records);
    context.store(batch.positions);
  }
  return given;
}

/** A record but for its time, which is that of the clock. */
const contentOf = ({ key, value }: SourceRecord): string =>
  JSON.stringify([key.value, value.value], (name, each: unknown) => (name.endsWith('_at') ? 0 : each));

describe('the data generator', () => {
  it.each(TEMPLATE_NAMES)('gives the same %s for the same seed and times, and others for another seed', async (template) => {
    const settings = { template, 'max.records': 2_500, 'records.per.second': 1_000_000, 'start.time': 1_700_000_000_000, seed: 7 };
    const first = await run({ settings });
    expect(first).toHaveLength(2_500);
    expect(await run({ settings })).toEqual(first);
    expect((await run({ settings: { ...settings, seed: 8 } })).map(({ value }) => value.value)).not.toEqual(
      first.map(({ value }) => value.value),
    );
  });

  it('gives values that fit their schema', async () => {
    const [order] = await run({ settings: { template: 'orders', 'max.records': 1, 'records.per.second': 1, 'start.time': 0 } });
    expect(order).toMatchObject({
      timestampMs: 0,
      key: { schema: { type: 'int64' }, value: 0 },
      value: { value: { order_id: 0, price: expect.stringMatching(/^\d+\.\d\d$/) as unknown, ordered_at: 0 } },
    });
    const schema = order?.value.schema;
    expect(schema?.type === 'struct' && schema.fields.map(({ name }) => name)).toEqual(Object.keys(order?.value.value as object));
  });

  it('gives lines as a web server writes them', async () => {
    const [line] = await run({
      settings: { template: 'logs', 'max.records': 1, 'records.per.second': 1, 'start.time': 1_700_000_000_000 },
    });
    expect(line?.value.value).toMatch(
      /^10\.\d+\.\d+\.\d+ - - \[14\/Nov\/2023:22:13:20 \+0000\] "[A-Z]+ \S+ HTTP\/1\.1" \d{3} \d+ "-" ".+"$/,
    );
  });

  it('goes on after a restart with the next record', async () => {
    const settings = { template: 'orders', 'max.records': 3_000 };
    const whole = await run({ settings });
    const context = createSourceContext({ limits: { maxRecords: 100, maxBytes: 1_000_000 } });
    const parts = [...(await run({ settings, context, records: 700 })), ...(await run({ settings, context }))];
    expect(parts.map(contentOf)).toEqual(whole.map(contentOf));
  });

  it('shares the records among its tasks', async () => {
    const settings = { template: 'orders', 'max.records': 10 };
    const shares = await Promise.all([0, 1, 2].map((task) => run({ settings, share: { task, of: 3 } })));
    expect(shares.map((records) => records.map(({ key }) => key.value))).toEqual([
      [0, 3, 6, 9],
      [1, 4, 7],
      [2, 5, 8],
    ]);
  });

  it('keeps its rate', async () => {
    let now = 0;
    const context = createSourceContext({ clock: { monotonicMs: () => now, wallMs: () => now } });
    const parsed = datagenSource.config.parse({ topic: 't', template: 'clicks', 'records.per.second': 50 });
    if (!parsed.ok) throw new Error('the settings are wrong');
    const task = await datagenSource.start(parsed.config, { task: 0, of: 1 }, context);
    const counts: number[] = [];
    for (const passed of [0, 10, 10, 100, 60_000]) {
      now += passed;
      const batch = await task.poll(signal);
      counts.push(batch === undefined || batch === 'finished' ? 0 : batch.records.length);
    }
    expect(counts).toEqual([0, 0, 1, 5, 50]);
  });

  it('names what is wrong with its settings', () => {
    expect(collectErrors(datagenSource.config, { topic: 't', template: 'cats' })).toEqual([
      'template: "cats" is not one of orders, clicks, logs',
    ]);
    expect(collectErrors(datagenSource.config, { topic: 't', template: 'logs', 'records.per.second': 0, 'start.time': 1 })).toHaveLength(1);
  });
});
