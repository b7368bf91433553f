import type { FieldError } from '../config/field-error.ts';
import { nearestName } from '../config/nearest-name.ts';
import { quote } from '../config/quote.ts';
import type { JsonObject } from '../data/json-value.ts';
import { avroConverter } from './avro-converter.ts';
import type { Converter, ConverterDefinition, ConverterPorts } from './converter.ts';
import { simpleHeaderConverter } from './header-converter.ts';
import { jsonConverter } from './json-converter.ts';
import { bytesConverter, fixedConverters, stringConverter } from './plain-converters.ts';

/** Every converter. Each may stand for keys, values and headers. */
export const CONVERTERS: readonly ConverterDefinition[] = [
  stringConverter,
  bytesConverter,
  jsonConverter,
  avroConverter,
  ...fixedConverters,
  simpleHeaderConverter,
];

/** The converter of this name, ours or Kafka's. */
export function converterNamed(name: string): ConverterDefinition | undefined {
  return CONVERTERS.find((definition) => definition.name === name || definition.aliases.includes(name));
}

export type CreatedConverter =
  | { readonly ok: true; readonly converter: Converter }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** Creates the converter that a setting like `value.converter` names; `settings` are those below it, without their prefix. */
export function createConverter(setting: string, name: string, settings: JsonObject, ports: ConverterPorts): CreatedConverter {
  const definition = converterNamed(name);
  if (definition === undefined) return { ok: false, errors: [{ field: setting, message: unknownConverter(name) }] };
  const parsed = definition.config.parse(settings);
  if (!parsed.ok) return { ok: false, errors: parsed.errors.map(({ field, message }) => ({ field: `${setting}.${field}`, message })) };
  try {
    return { ok: true, converter: definition.create(parsed.config, ports, name) };
  } catch (error) {
    return { ok: false, errors: [{ field: setting, message: error instanceof Error ? error.message : String(error) }] };
  }
}

function unknownConverter(name: string): string {
  const near = nearestName(
    name,
    CONVERTERS.flatMap((definition) => [definition.name, ...definition.aliases]),
  );
  const names = CONVERTERS.map((definition) => definition.name).join(', ');
  return `${quote(name)} is no converter${near === undefined ? '' : `; did you mean ${near}?`} There are ${names}, also by Kafka's class names`;
}
