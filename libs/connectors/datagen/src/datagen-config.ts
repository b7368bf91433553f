import { type ConfigOf, declareConfig, field } from '@moldau/connect';
import { TEMPLATE_NAMES } from './template.ts';

const fields = {
  topic: field.string({ doc: 'Topic that the records are written to.', maxLength: 249, importance: 'high' }),
  template: field.choice(TEMPLATE_NAMES, { doc: 'What is made up.', importance: 'high' }),
  'records.per.second': field.number({
    doc: 'How many records a second all tasks together give. 0: as many as can be written.',
    default: 10,
    min: 0,
    max: 10_000_000,
  }),
  'max.records': field.integer({
    doc: 'How many records all tasks together give before they are done. 0: no end.',
    default: 0,
    min: 0,
  }),
  seed: field.integer({
    doc: 'The same seed gives the same records, but for times where `start.time` is not given.',
    default: 1,
    min: 0,
    max: 0xffff_ffff,
  }),
  'start.time': field.integer({
    doc: 'Time of the first record in milliseconds since 1970; the others follow by the rate. Default: each record has the time when it was made.',
    optional: true,
    min: 0,
  }),
  key: field.choice(['template', 'none'], { doc: "The template's key, or none.", default: 'template' }),
} as const;

/** Settings of the data generator. */
export const datagenConfig = declareConfig(fields, {
  check: (config) =>
    config['start.time'] !== undefined && config['records.per.second'] === 0
      ? [{ field: 'start.time', message: 'needs a rate: records.per.second is 0, which says nothing of the time between two records' }]
      : [],
});

export type DatagenConfig = ConfigOf<typeof fields>;
