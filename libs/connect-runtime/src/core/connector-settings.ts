import { type ConfigDeclaration, declareConfig, field } from '@moldau/connect';
import { TASKS_MAX } from './decide.ts';
import { assertConnectorName } from './names.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Settings of every connector, whatever its class. Kafka's names and defaults where Kafka has them. */
export const CONNECTOR_SETTINGS = declareConfig({
  name: field.string({ doc: 'Name of the connector.', importance: 'high', check: nameFault }),
  'connector.class': field.string({ doc: 'Class of the connector: a name that GET /connector-plugins lists.', importance: 'high' }),
  'tasks.max': field.integer({ default: 1, min: 1, max: TASKS_MAX, doc: 'Most tasks that share the work.', importance: 'high' }),
  'key.converter': field.string({ optional: true, doc: "Form of keys in topics. Default: the worker's.", importance: 'low' }),
  'key.converter.': field.prefix({ doc: 'Settings of the key converter.', importance: 'low' }),
  'value.converter': field.string({ optional: true, doc: "Form of values in topics. Default: the worker's.", importance: 'low' }),
  'value.converter.': field.prefix({ doc: 'Settings of the value converter.', importance: 'low' }),
  'header.converter': field.string({ optional: true, doc: "Form of headers' values in topics. Default: the worker's.", importance: 'low' }),
  'header.converter.': field.prefix({ doc: 'Settings of the header converter.', importance: 'low' }),
  transforms: field.list({ default: [], doc: 'Names of transforms, in the order in which records go through them.', importance: 'low' }),
  'transforms.': field.prefix({ doc: 'Class (`.type`), predicate and settings of each transform.', importance: 'low' }),
  predicates: field.list({ default: [], doc: 'Names of predicates that transforms refer to.', importance: 'low' }),
  'predicates.': field.prefix({ doc: 'Class (`.type`) and settings of each predicate.', importance: 'low' }),
  'errors.tolerance': field.choice(['none', 'all'], {
    default: 'none',
    doc: 'What becomes of a record that can not be converted, transformed or written: the task fails (none), or goes on without it (all).',
  }),
  'errors.retry.timeout': field.integer({
    default: -1,
    min: -1,
    max: DAY_MS,
    doc: 'Milliseconds for which what can not be done just now is tried again; -1: for ever.',
  }),
  'errors.retry.delay.max.ms': field.duration({ default: 60_000, min: 1, max: HOUR_MS, doc: 'Longest wait between two attempts.' }),
  'errors.log.enable': field.boolean({ default: true, doc: 'Whether each tolerated error is logged.' }),
  'errors.log.include.messages': field.boolean({ default: false, doc: "Whether the log names the record's topic, partition and offset." }),
  'offset.flush.interval.ms': field.duration({
    default: 5_000,
    min: 10,
    max: HOUR_MS,
    doc: 'How often positions of a source, or offsets of a sink, are stored.',
  }),
  'restart.max.attempts': field.integer({
    default: 20,
    min: 0,
    max: 1_000_000,
    doc: 'Automatic restarts of a failed task within the window; after them it stays FAILED until a person restarts it.',
  }),
  'restart.window.ms': field.duration({
    default: 600_000,
    min: 1_000,
    max: DAY_MS,
    doc: 'A task that lived so long has all restarts again.',
  }),
  'restart.backoff.ms': field.duration({ default: 1_000, min: 1, max: HOUR_MS, doc: 'Wait before the first restart; doubled with each.' }),
  'restart.backoff.max.ms': field.duration({ default: 60_000, min: 1, max: HOUR_MS, doc: 'Longest wait before a restart.' }),
  'task.memory.max.mb': field.integer({
    default: 128,
    min: 16,
    max: 65_536,
    doc: "Heap of a task's thread; a task that needs more is ended.",
  }),
  'task.stall.timeout.ms': field.duration({
    default: 30_000,
    min: 1_000,
    max: HOUR_MS,
    doc: 'A task whose thread says nothing for so long is ended: its event loop is blocked.',
  }),
  'task.shutdown.graceful.timeout.ms': field.duration({
    default: 5_000,
    min: 0,
    max: 60_000,
    doc: 'How long a task may take to end in good order.',
  }),
});

export const SOURCE_SETTINGS = declareConfig({
  'exactly.once.support': field.choice(['requested', 'required'], {
    default: 'requested',
    doc: 'Whether the connector is refused (required) where it can not be exactly once.',
  }),
  'transaction.boundary': field.choice(['poll', 'interval'], {
    default: 'poll',
    doc: 'When transactions of an exactly-once source are committed: after each batch, or after a time.',
  }),
  'transaction.boundary.interval.ms': field.duration({
    default: 1_000,
    min: 1,
    max: HOUR_MS,
    doc: 'That time.',
  }),
  'topic.creation.enable': field.boolean({ default: true, doc: 'Whether topics that do not exist are made.' }),
  'topic.creation.default.partitions': field.integer({
    optional: true,
    min: 1,
    max: 10_000,
    doc: "Partitions of those. Default: the cluster's.",
  }),
  'topic.creation.default.replication.factor': field.integer({
    optional: true,
    min: 1,
    max: 32,
    doc: "Replicas of those. Default: the cluster's.",
  }),
  'producer.compression.type': field.choice(['none', 'gzip', 'snappy', 'lz4', 'zstd'], {
    default: 'none',
    doc: 'Compression of what is written to topics.',
  }),
});

export const SINK_SETTINGS = declareConfig(
  {
    topics: field.list({ default: [], doc: 'Topics to read.', importance: 'high' }),
    'topics.regex': field.string({
      optional: true,
      doc: 'An RE2 expression that whole names of topics to read match.',
      importance: 'high',
    }),
    'errors.deadletterqueue.topic.name': field.string({
      optional: true,
      doc: 'Topic that gets records at fault, as they were, when errors.tolerance is all.',
    }),
    'errors.deadletterqueue.topic.replication.factor': field.integer({
      optional: true,
      min: 1,
      max: 32,
      doc: "Replicas of that topic, if it has to be made. Default: the cluster's.",
    }),
    'errors.deadletterqueue.context.headers.enable': field.boolean({
      default: true,
      doc: 'Whether headers of those records say what was wrong.',
    }),
    'consumer.auto.offset.reset': field.choice(['earliest', 'latest'], {
      default: 'earliest',
      doc: 'Where to begin in a partition of which nothing was committed.',
    }),
  },
  {
    check: (config) =>
      config.topics.length > 0 === (config['topics.regex'] !== undefined)
        ? [{ field: 'topics', message: 'give topics or topics.regex, and not both' }]
        : [],
  },
);

/** What the runtime itself reads from a config of this kind. */
export function runtimeSettings(kind: 'source' | 'sink'): readonly ConfigDeclaration[] {
  return [CONNECTOR_SETTINGS, kind === 'source' ? SOURCE_SETTINGS : SINK_SETTINGS];
}

/** Client settings that Kafka lets connectors override: security and addresses are the operator's. */
export const OVERRIDE_PREFIXES = ['producer.override.', 'consumer.override.', 'admin.override.'] as const;

function nameFault(name: string): string | undefined {
  try {
    assertConnectorName(name);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
