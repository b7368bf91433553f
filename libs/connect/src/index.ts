export {
  type ConfigDeclaration,
  type ConfigFields,
  type ConfigOf,
  type ConfigRules,
  type ConfigValues,
  declareConfig,
  type ParsedConfig,
} from './config/config-declaration.ts';
export type { ConfigField, ConfigType, Importance, Parsed } from './config/config-field.ts';
export { type ConfigInfo, type ConfigInfos, configInfos, maskConfig } from './config/config-infos.ts';
export { configReference } from './config/config-reference.ts';
export { withConfigReference } from './config/connector-page.ts';
export type { FieldError } from './config/field-error.ts';
export { field } from './config/fields.ts';
export { nearestName } from './config/nearest-name.ts';
export { hasReference } from './config/reference.ts';
export { Secret } from './config/secret.ts';
export { RecordError, RetriableError } from './contract/connector-errors.ts';
export type { ConnectorDefinition, ConnectorPlugin } from './contract/plugin.ts';
export type { CommittableOffset, SourcePosition, StartOffset, TopicPartition } from './contract/position.ts';
export type { FlushReason, SinkDefinition, SinkTask } from './contract/sink.ts';
export type { SourceBatch, SourceDefinition, SourceTask } from './contract/source.ts';
export type { BatchLimits, PlanContext, SinkContext, SourceContext } from './contract/task-context.ts';
export type { Converter, ConverterDefinition, ConverterPorts } from './converter/converter.ts';
export { CONVERTERS, type CreatedConverter, converterNamed, createConverter } from './converter/converters.ts';
export { parseJson, stringifyJson } from './converter/json-text.ts';
export { checkValue } from './data/check-value.ts';
export { DataError } from './data/data-error.ts';
export type { DataHeader, DataRecord, SinkRecord, SourceRecord } from './data/data-record.ts';
export { type Datum, NULL_DATUM } from './data/datum.ts';
export { isFields, readField } from './data/fields.ts';
export { jsonText } from './data/json-text.ts';
export type { JsonObject, JsonValue } from './data/json-value.ts';
export { incompatibilities, projectValue } from './data/project-value.ts';
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
export { fieldSchema, optionalSchema, sameSchema, schemas } from './data/schemas.ts';
export type { DataFields, DataValue } from './data/value.ts';
export { compilePattern, PATTERN_LENGTH_MAX, type Pattern, type PatternMatch } from './pattern/pattern.ts';
export { type CivilTime, civilOf, DAY_MS, epochMsOf } from './time/civil-time.ts';
export { compileDatePattern, type DatePattern } from './time/date-pattern.ts';
export { PREDICATES, type PredicateDefinition } from './transform/predicates.ts';
export type { Transform, TransformDefinition } from './transform/transform.ts';
export { createTransformChain, isTransformSetting, type TransformChain } from './transform/transform-chain.ts';
export { TRANSFORMS } from './transform/transforms.ts';
