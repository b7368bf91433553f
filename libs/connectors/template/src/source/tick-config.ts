import { type ConfigOf, declareConfig, field } from '@moldau/connect';

// One declaration gives the type, the parser with all errors at once, the answer of the REST API and the reference in the
// README. Names are Kafka's style: lower case with dots. A setting without a default, and not optional, must be given.
const fields = {
  topic: field.string({ doc: 'Topic that the ticks are written to.', maxLength: 249, importance: 'high' }),
  'interval.ms': field.duration({ doc: 'Time between two ticks.', default: 1_000, min: 1, max: 86_400_000 }),
  'max.ticks': field.integer({ doc: 'The connector is done after so many ticks. 0: never.', default: 0, min: 0 }),
  'api.token': field.password({ doc: 'Shows how a secret is declared: it is given by reference, and never shown.', optional: true }),
} as const;

/** Settings of the tick source. */
export const tickConfig = declareConfig(fields, {
  // Rules between settings; called only when each of them is right.
  check: (config) =>
    config['max.ticks'] > 0 && config['interval.ms'] > 3_600_000
      ? [{ field: 'interval.ms', message: `${config['interval.ms']} ms; at most 3600000 ms are allowed with max.ticks` }]
      : [],
});

export type TickConfig = ConfigOf<typeof fields>;
