import {
  type ConfigDeclaration,
  type ConfigField,
  type ConnectorDefinition,
  type FieldError,
  hasReference,
  isTransformSetting,
  type JsonObject,
  type JsonValue,
  Secret,
} from '@moldau/connect';
import { OVERRIDE_PREFIXES, runtimeSettings } from '../../core/connector-settings.ts';
import { pipelineErrors } from './record-pipeline.ts';
import { resolveSecrets, type SecretPorts, SecretReferenceError } from './secret-references.ts';
import type { ConfigFieldInfo, ConfigValue, ConverterDefaults, ValidationResult } from './thread-messages.ts';

/** How long a plugin may ask the outside whether its config works. */
const OUTSIDE_TIMEOUT_MS = 20_000;
export const MASKED = '[hidden]';

/** All settings of a class, the runtime's first. */
export function fieldsOf(definition: ConnectorDefinition): readonly ConfigFieldInfo[] {
  const declarations: readonly ConfigDeclaration[] = [...runtimeSettings(definition.kind), definition.config];
  const all = declarations.flatMap(({ fields }) => Object.entries(fields));
  return [...new Map(all).entries()].map(([name, field], order) => infoOf(name, field, order));
}

function infoOf(name: string, field: ConfigField, order: number): ConfigFieldInfo {
  return {
    name,
    type: field.type,
    required: field.required,
    defaultValue: field.type === 'PASSWORD' && field.defaultText !== undefined ? MASKED : (field.defaultText ?? null),
    importance: field.importance.toUpperCase() as ConfigFieldInfo['importance'],
    doc: field.doc,
    group: field.group,
    displayName: field.displayName ?? name,
    order,
    recommended: field.recommended,
  };
}

export interface ValidationPorts extends SecretPorts {
  readonly defaults: ConverterDefaults;
}

/** Looks at all of a config at once: form first, then, where that is right, what the plugin can ask the outside. */
export async function validateConfig(
  definition: ConnectorDefinition,
  config: JsonObject,
  ports: ValidationPorts,
): Promise<ValidationResult> {
  const errors = [...formErrors(definition, config, ports.defaults)];
  if (errors.length === 0) errors.push(...(await outsideErrors(definition, config, ports)));
  const fields = fieldsOf(definition);
  const names = new Set([...fields.filter(({ name }) => !name.endsWith('.')).map(({ name }) => name), ...Object.keys(config)]);
  for (const { field } of errors) names.add(field);
  const values = [...names].map((name) => valueOf(name, fields, config, errors));
  return { fields, values, errorCount: values.filter((value) => value.errors.length > 0).length };
}

function formErrors(definition: ConnectorDefinition, config: JsonObject, defaults: ConverterDefaults): readonly FieldError[] {
  const declarations = [...runtimeSettings(definition.kind), definition.config];
  const found = declarations.flatMap((declaration) =>
    declaration.check(
      config,
      declarations.filter((other) => other !== declaration),
    ),
  );
  const ofRecords = recordSettings(config);
  const own = [...overrides(config), ...(hasReference(ofRecords) ? [] : pipelineErrors(textsOf(ofRecords), defaults))];
  const overridden = new Set(own.map(({ field }) => field));
  const unique = new Map(found.filter(({ field }) => !overridden.has(field)).map((error) => [`${error.field}\0${error.message}`, error]));
  return [...unique.values(), ...own];
}

function overrides(config: JsonObject): readonly FieldError[] {
  const message = 'settings of clients can not be overridden by a connector: addresses and security are the worker’s';
  return Object.keys(config)
    .filter((key) => OVERRIDE_PREFIXES.some((prefix) => key.startsWith(prefix)))
    .map((field) => ({ field, message }));
}

/** Converters and transforms, with their settings. */
function recordSettings(config: JsonObject): JsonObject {
  const isMeant = (name: string): boolean => isTransformSetting(name) || /^(key|value|header)\.converter(\.|$)/.test(name);
  return Object.fromEntries(Object.entries(config).filter(([name]) => isMeant(name)));
}

async function outsideErrors(definition: ConnectorDefinition, config: JsonObject, ports: ValidationPorts): Promise<readonly FieldError[]> {
  let resolved: Record<string, string>;
  try {
    resolved = await resolveSecrets(textsOf(config), ports);
  } catch (error) {
    if (error instanceof SecretReferenceError) return [{ field: error.field, message: error.message }];
    throw error;
  }
  const parsed = definition.config.parse(resolved, runtimeSettings(definition.kind));
  const ofRecords = pipelineErrors(resolved, ports.defaults);
  if (!parsed.ok) return [...parsed.errors, ...ofRecords];
  if (ofRecords.length > 0) return ofRecords;
  return (await definition.validate?.(parsed.config, AbortSignal.timeout(OUTSIDE_TIMEOUT_MS))) ?? [];
}

/** Values as a config keeps them: JSON that is no text becomes its text. */
export function textsOf(config: JsonObject): Record<string, string> {
  const entries = Object.entries(config).filter((entry): entry is [string, Exclude<JsonValue, null>] => entry[1] !== null);
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
}

function valueOf(name: string, fields: readonly ConfigFieldInfo[], config: JsonObject, errors: readonly FieldError[]): ConfigValue {
  const field = fields.find((one) => one.name === name || (one.name.endsWith('.') && name.startsWith(one.name)));
  const given = Object.hasOwn(config, name) ? config[name] : undefined;
  const text = given === undefined || given === null ? (field?.defaultValue ?? null) : textsOf({ [name]: given })[name];
  return {
    name,
    value: text === undefined || text === null ? null : shown(text, field),
    recommended: field?.recommended ?? [],
    errors: errors.filter((error) => error.field === name).map(({ message }) => message),
  };
}

function shown(text: string, field: ConfigFieldInfo | undefined): string {
  return field?.type === 'PASSWORD' && !isReference(text) ? new Secret(text).toString() : text;
}

/** A secret by reference may be shown: it says where the secret is, and not what. */
export function isReference(text: string): boolean {
  return /^\$\{(env|file):[^}]+\}$/.test(text);
}
