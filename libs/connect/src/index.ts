export {
  type ConfigDeclaration,
  type ConfigFields,
  type ConfigOf,
  type ConfigRules,
  declareConfig,
  type ParsedConfig,
} from './config/config-declaration.ts';
export type { ConfigField, ConfigType, Importance, Parsed } from './config/config-field.ts';
export type { FieldError } from './config/field-error.ts';
export { field } from './config/fields.ts';
export { Secret } from './config/secret.ts';
export { RecordError, RetriableError } from './contract/connector-errors.ts';
export type { ConnectorDefinition, ConnectorPlugin } from './contract/plugin.ts';
export type { CommittableOffset, SourcePosition, StartOffset, TopicPartition } from './contract/position.ts';
export type { FlushReason, SinkDefinition, SinkTask } from './contract/sink.ts';
export type { SourceBatch, SourceDefinition, SourceTask } from './contract/source.ts';
export type { BatchLimits, PlanContext, SinkContext, SourceContext } from './contract/task-context.ts';
export type { DataHeader, DataRecord, SinkRecord, SourceRecord } from './data/data-record.ts';
export { type Datum, NULL_DATUM } from './data/datum.ts';
export { jsonText } from './data/json-text.ts';
export type { JsonObject, JsonValue } from './data/json-value.ts';
export {
  type ArraySchema,
  type DecimalSchema,
  type MapSchema,
  SCHEMA_TYPES,
  type Schema,
  type SchemaFacts,
  type SchemaType,
  type SimpleSchema,
  type StructField,
  type StructSchema,
} from './data/schema.ts';
export type { DataFields, DataValue } from './data/value.ts';
export { compilePattern, PATTERN_LENGTH_MAX, type Pattern, type PatternMatch } from './pattern/pattern.ts';
