import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import { DataError } from '../data/data-error.ts';
import { compileDatePattern } from '../time/date-pattern.ts';
import { datePatternComplaint } from './date-pattern-complaint.ts';
import type { TransformDefinition } from './transform.ts';

const regexConfig = declareConfig({
  regex: field.pattern({ doc: 'Must match the whole name of the topic.' }),
  replacement: field.string({ doc: 'The new name; $1, $2 … are groups of the expression.' }),
});

export const regexRouter: TransformDefinition<ConfigValues<typeof regexConfig>> = {
  name: 'RegexRouter',
  scope: 'record',
  doc: 'Renames the topic of records whose topic matches.',
  config: regexConfig,
  create: ({ regex, replacement }) => {
    // Topics are few: each is matched once.
    const renamed = new Map<string, string>();
    return (record) => {
      const topic =
        renamed.get(record.topic) ??
        (regex.matches(record.topic) ? replaced(record.topic, () => regex.replaceFirst(record.topic, replacement)) : record.topic);
      if (renamed.size >= TOPICS_REMEMBERED_MAX) renamed.clear();
      renamed.set(record.topic, topic);
      return topic === record.topic ? record : { ...record, topic };
    };
  },
};

/** Names that a router remembers; then it forgets them all. */
const TOPICS_REMEMBERED_MAX = 10_000;

function replaced(topic: string, replace: () => string): string {
  try {
    return replace();
  } catch (error) {
    throw new DataError(`RegexRouter can't rename ${topic}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const timestampConfig = declareConfig({
  'topic.format': field.string({
    default: '${topic}-${timestamp}',
    doc: "The new name; ${topic} and ${timestamp} stand for the record's.",
  }),
  'timestamp.format': field.string({
    default: 'yyyyMMdd',
    check: datePatternComplaint,
    doc: "How the time is written: letters of Java's SimpleDateFormat, in UTC.",
  }),
});

export const timestampRouter: TransformDefinition<ConfigValues<typeof timestampConfig>> = {
  name: 'TimestampRouter',
  scope: 'record',
  doc: "Renames the topic by the record's time.",
  config: timestampConfig,
  create: (settings) => {
    const pattern = compileDatePattern(settings['timestamp.format']);
    return (record) => {
      if (record.timestampMs === undefined || record.timestampMs < 0) throw new DataError('TimestampRouter needs a record with a time');
      const time = pattern.format(record.timestampMs);
      const topic = settings['topic.format'].replaceAll('${topic}', () => record.topic).replaceAll('${timestamp}', () => time);
      return { ...record, topic };
    };
  },
};
