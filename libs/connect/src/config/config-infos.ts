import type { JsonObject, JsonValue } from '../data/json-value.ts';
import { type ConfigDeclaration, fieldOf, givenValue } from './config-declaration.ts';
import type { ConfigField } from './config-field.ts';
import type { FieldError } from './field-error.ts';
import { HIDDEN } from './secret.ts';

/** Kafka's answer to `PUT /connector-plugins/<class>/config/validate`, field by field as its REST API has it. */
export interface ConfigInfos {
  readonly name: string;
  readonly error_count: number;
  readonly groups: readonly string[];
  readonly configs: readonly ConfigInfo[];
}

export interface ConfigInfo {
  readonly definition: {
    readonly name: string;
    readonly type: string;
    readonly required: boolean;
    readonly default_value: string | null;
    /** HIGH, MEDIUM, LOW. */
    readonly importance: string;
    readonly documentation: string;
    readonly group: string;
    readonly width: string;
    readonly display_name: string;
    readonly dependents: readonly string[];
    /** From 1, within the group. */
    readonly order: number;
  };
  readonly value: {
    readonly name: string;
    readonly value: string | null;
    readonly recommended_values: readonly string[];
    readonly errors: readonly string[];
    readonly visible: boolean;
  };
}

/**
 * What the declarations say of this input. `errors` are those found so far, by `check` or by the connector's own
 * `validate`; errors of settings that nobody declared come at the end, as settings of their own.
 */
export function configInfos(
  name: string,
  declarations: readonly ConfigDeclaration[],
  input: JsonObject,
  errors: readonly FieldError[],
): ConfigInfos {
  const fields = declarations.flatMap((declaration) => Object.entries(declaration.fields));
  const groups = [...new Set(fields.map(([, { group }]) => group))];
  const orders = new Map<string, number>();
  const declared = fields.map(([key, field]) => {
    const order = (orders.get(field.group) ?? 0) + 1;
    orders.set(field.group, order);
    return info(key, field, { order, value: shown(key, field, input), errors });
  });
  const names = new Set(fields.map(([key]) => key));
  const others = [...new Set(errors.map(({ field }) => field))].filter((field) => !names.has(field));
  const strange = others.map((key) => stranger(key, declarations, input, errors));
  return { name, error_count: errors.length, groups, configs: [...declared, ...strange] };
}

/** The settings with the values of passwords hidden. Settings that nobody declared are hidden too: a typing error may hold one. */
export function maskConfig(declarations: readonly ConfigDeclaration[], input: JsonObject): JsonObject {
  const masked = Object.entries(input).map(([key, value]): [string, JsonValue] => {
    const [, field] = fieldOf(declarations, key) ?? [];
    const hide = value !== null && (field === undefined || field.type === 'PASSWORD') && !isReference(value);
    return [key, hide ? HIDDEN : value];
  });
  return Object.fromEntries(masked);
}

/** A reference says where a secret is, and is no secret itself. */
function isReference(value: JsonValue): boolean {
  return typeof value === 'string' && /^\$\{(env|file):[^}]+\}$/.test(value);
}

interface InfoOf {
  readonly order: number;
  readonly value: string | null;
  readonly errors: readonly FieldError[];
}

function info(name: string, field: ConfigField, { order, value, errors }: InfoOf): ConfigInfo {
  return {
    definition: {
      name,
      type: field.type,
      required: field.required,
      default_value: field.defaultText ?? null,
      importance: field.importance.toUpperCase(),
      documentation: field.doc,
      group: field.group,
      width: 'NONE',
      display_name: field.displayName ?? name,
      dependents: [],
      order,
    },
    value: { name, value, recommended_values: field.recommended, errors: messagesOf(name, errors), visible: true },
  };
}

function stranger(name: string, declarations: readonly ConfigDeclaration[], input: JsonObject, errors: readonly FieldError[]): ConfigInfo {
  const [, field] = fieldOf(declarations, name) ?? [];
  const value = maskConfig(declarations, input)[name];
  const definition: ConfigInfo['definition'] = {
    name,
    type: field?.type ?? 'STRING',
    required: false,
    default_value: null,
    importance: 'LOW',
    documentation: field?.doc ?? '',
    group: field?.group ?? 'General',
    width: 'NONE',
    display_name: name,
    dependents: [],
    order: 0,
  };
  return {
    definition,
    value: { name, value: textOf(value), recommended_values: [], errors: messagesOf(name, errors), visible: true },
  };
}

function messagesOf(name: string, errors: readonly FieldError[]): readonly string[] {
  return errors.filter(({ field }) => field === name).map(({ message }) => message);
}

function shown(name: string, field: ConfigField, input: JsonObject): string | null {
  if (field.prefix) return null;
  const given = givenValue(name, field, input);
  if (given === undefined) return field.defaultText ?? null;
  return field.type === 'PASSWORD' && !isReference(given) ? HIDDEN : textOf(given);
}

function textOf(value: JsonValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
