import { type ConfigDeclaration, type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import type { DataRecord } from '../data/data-record.ts';
import { isNull } from './transform.ts';

/** Chooses the records that a transform sees. */
export type Predicate = (record: DataRecord) => boolean;

/** A kind of predicate. */
export interface PredicateDefinition<C = unknown> {
  readonly name: string;
  readonly doc: string;
  readonly config: ConfigDeclaration<C>;
  create(config: C): Predicate;
}

const topicConfig = declareConfig({ pattern: field.pattern({ doc: 'Must match the whole name of the topic.' }) });

const topicNameMatches: PredicateDefinition<ConfigValues<typeof topicConfig>> = {
  name: 'TopicNameMatches',
  doc: 'Records of topics whose whole name matches.',
  config: topicConfig,
  create:
    ({ pattern }) =>
    ({ topic }) =>
      pattern.matches(topic),
};

const headerConfig = declareConfig({ name: field.string({ doc: 'Name of the header.' }) });

const hasHeaderKey: PredicateDefinition<ConfigValues<typeof headerConfig>> = {
  name: 'HasHeaderKey',
  doc: 'Records with a header of this name.',
  config: headerConfig,
  create:
    ({ name }) =>
    ({ headers }) =>
      headers.some((header) => header.name === name),
};

const recordIsTombstone: PredicateDefinition = {
  name: 'RecordIsTombstone',
  doc: 'Records whose value is null.',
  config: declareConfig({}),
  create: () => (record) => isNull(record.value),
};

export const PREDICATES: readonly PredicateDefinition[] = [topicNameMatches, hasHeaderKey, recordIsTombstone];
