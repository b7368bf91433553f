import { cast } from './cast.ts';
import { filter } from './filter.ts';
import { flatten } from './flatten.ts';
import { dropHeaders, headerFrom, insertHeader } from './header-transforms.ts';
import { insertField } from './insert-field.ts';
import { extractField, hoistField, valueToKey } from './key-and-field.ts';
import { maskField } from './mask-field.ts';
import { PREDICATES, type PredicateDefinition } from './predicates.ts';
import { replaceField } from './replace-field.ts';
import { regexRouter, timestampRouter } from './routers.ts';
import { setSchemaMetadata } from './set-schema-metadata.ts';
import { timestampConverter } from './timestamp-converter.ts';
import type { RecordPart, TransformDefinition } from './transform.ts';

export const TRANSFORMS: readonly TransformDefinition[] = [
  cast,
  dropHeaders,
  extractField,
  filter,
  flatten,
  headerFrom,
  hoistField,
  insertField,
  insertHeader,
  maskField,
  regexRouter,
  replaceField,
  setSchemaMetadata,
  timestampConverter,
  timestampRouter,
  valueToKey,
];

const PACKAGE = 'org.apache.kafka.connect.transforms.';

/** A transform by the name of its class, and the part that the name chooses. */
export interface NamedTransform {
  readonly definition: TransformDefinition;
  readonly part: RecordPart;
}

/** Names under which transforms can be asked for, without Kafka's package before them. */
export const TRANSFORM_NAMES: readonly string[] = TRANSFORMS.flatMap(({ name, scope }) =>
  scope === 'parts' ? [`${name}$Key`, `${name}$Value`] : [name],
);

/** The transform of this class name, with or without Kafka's package before it. */
export function transformNamed(type: string): NamedTransform | undefined {
  const short = type.startsWith(PACKAGE) ? type.slice(PACKAGE.length) : type;
  if (!TRANSFORM_NAMES.includes(short)) return undefined;
  const [name, part] = short.split('$');
  const definition = TRANSFORMS.find((candidate) => candidate.name === name);
  return definition && { definition, part: part === 'Key' ? 'key' : 'value' };
}

/** The predicate of this class name, with or without Kafka's package before it. */
export function predicateNamed(type: string): PredicateDefinition | undefined {
  const prefix = `${PACKAGE}predicates.`;
  const short = type.startsWith(prefix) ? type.slice(prefix.length) : type;
  return PREDICATES.find(({ name }) => name === short);
}
