import { describe, expect, it } from 'vitest';
import { readChartValues, valuesSchema, valuesTable } from './chart-values.ts';

const VALUES = `
# About the whole file.

# How many.
# @schema: {minimum: 1}
replicas: 3
broker:
  # Which disk,
  # and why.
  disk: ""

  # Any keys.
  # @open
  labels:
    a: b
  # @settings: broker
  config: {}
  # @schema: {enum: [soft, hard]}
  kind: soft
list: [1]
`;

const settings = (service: string): { readonly properties: object } => ({ properties: { [`of-${service}`]: {} } });

describe('the values of a chart', () => {
  const values = readChartValues(VALUES, settings);

  it('have a schema: types from defaults, limits from comments, no unknown keys but where any are let in', () => {
    expect(valuesSchema(values)).toMatchObject({
      additionalProperties: false,
      properties: {
        replicas: { type: 'integer', minimum: 1, description: 'How many.' },
        broker: {
          additionalProperties: false,
          properties: {
            disk: { type: 'string', description: 'Which disk, and why.' },
            labels: { type: 'object' },
            config: { properties: { 'of-broker': {} } },
            kind: { type: 'string', enum: ['soft', 'hard'] },
          },
        },
        list: { type: 'array' },
      },
    });
    const { properties } = valuesSchema(values) as { properties: { broker: { properties: { labels: object } } } };
    expect(properties.broker.properties.labels).not.toHaveProperty('additionalProperties');
  });

  it('have a table: one row for each that is no group of others', () => {
    expect(valuesTable(values).split('\n').slice(2)).toEqual([
      '| `replicas` | `3` | How many. |',
      '| `broker.disk` | `""` | Which disk, and why. |',
      '| `broker.labels` | `{"a":"b"}` | Any keys. |',
      '| `broker.config` | `{}` |  |',
      '| `broker.kind` | `"soft"` | One of soft, hard. |',
      '| `list` | `[1]` |  |',
    ]);
  });

  it('are refused with a mark that nobody knows, or as no map', () => {
    expect(() => readChartValues('# @shcema: {}\na: 1\n', settings)).toThrow('a has an unknown mark: @shcema: {}');
    expect(() => readChartValues('- 1\n', settings)).toThrow('values.yaml');
  });
});
