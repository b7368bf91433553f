import type { JsonObject, JsonValue } from '../data/json-value.ts';
import type { ConfigField } from './config-field.ts';
import type { FieldError } from './field-error.ts';
import { nearestName } from './nearest-name.ts';
import { quote } from './quote.ts';
import { hasReference } from './reference.ts';

/** Fields by name; a field of the kind `prefix` stands under its prefix (`header.`). */
export type ConfigFields = Readonly<Record<string, ConfigField>>;

/** What the fields parse to, by name. */
export type ConfigOf<F extends ConfigFields> = { readonly [N in keyof F]: F[N] extends ConfigField<infer T> ? T : never };

/** What a declaration parses to. */
export type ConfigValues<D extends ConfigDeclaration> = D extends ConfigDeclaration<infer C> ? C : never;

export type ParsedConfig<C> =
  | { readonly ok: true; readonly config: C }
  | { readonly ok: false; readonly errors: readonly [FieldError, ...FieldError[]] };

/** Declared settings: their parser, and what references, forms and completions are made from. */
export interface ConfigDeclaration<C = unknown> {
  readonly fields: ConfigFields;
  /**
   * The settings as typed values, or everything that is wrong with them at once. `others` declare settings that may stand
   * beside these and are left alone; any other name is an error. Secrets by reference must be resolved by now: a reference
   * is parsed as the text that it is.
   */
  parse(input: JsonObject, others?: readonly ConfigDeclaration[]): ParsedConfig<C>;
  /**
   * What can be said before references to secrets are resolved: the same errors, but for the values that hold a reference.
   * Rules between fields are checked only where no reference is left.
   */
  check(input: JsonObject, others?: readonly ConfigDeclaration[]): readonly FieldError[];
}

export interface ConfigRules<C> {
  /** Rules between fields; called only when each field is right. */
  readonly check?: (config: C) => readonly FieldError[];
}

/** Names that would reach into an object's prototype: never settings. */
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** Most settings of one connector; more is a mistake. */
const SETTINGS_MAX = 2000;

/** Declares settings. Names are those of Kafka where Kafka has the setting: lower case, with dots. */
export function declareConfig<const F extends ConfigFields>(
  fields: F,
  rules: ConfigRules<ConfigOf<F>> = {},
): ConfigDeclaration<ConfigOf<F>> {
  const forbidden = Object.keys(fields).find((name) => FORBIDDEN_NAMES.has(name));
  if (forbidden !== undefined) throw new Error(`a setting can't be called ${forbidden}`);
  const declaration: ConfigDeclaration<ConfigOf<F>> = {
    fields,
    parse: (input, others = []) => {
      const { config, errors } = readFields(fields, input, false);
      const all = [...strangers([declaration, ...others], input), ...errors];
      const found = all.length > 0 ? all : (rules.check?.(config as ConfigOf<F>) ?? []);
      const [first, ...rest] = found;
      return first === undefined ? { ok: true, config: config as ConfigOf<F> } : { ok: false, errors: [first, ...rest] };
    },
    check: (input, others = []) => {
      const { config, errors, open } = readFields(fields, input, true);
      const all = [...strangers([declaration, ...others], input), ...errors];
      return all.length > 0 || open ? all : (rules.check?.(config as ConfigOf<F>) ?? []);
    },
  };
  return declaration;
}

interface ReadFields {
  readonly config: object;
  readonly errors: readonly FieldError[];
  /** A value was not looked at: it holds a reference. */
  readonly open: boolean;
}

function readFields(fields: ConfigFields, input: JsonObject, skipReferences: boolean): ReadFields {
  const values: [string, unknown][] = [];
  const errors: FieldError[] = [];
  let open = false;
  for (const [name, declared] of Object.entries(fields)) {
    const given = givenValue(name, declared, input);
    if (skipReferences && hasReference(given)) open = true;
    else if (given !== undefined) {
      const parsed = declared.parse(given);
      if (parsed.ok) values.push([name, parsed.value]);
      else errors.push({ field: name, message: parsed.message });
    } else if (declared.required) errors.push({ field: name, message: `missing; ${declared.limits}` });
    else values.push([name, declared.absent()]);
  }
  return { config: Object.fromEntries(values), errors, open };
}

/** What the input has for this field; null counts as absent, as in Kafka. */
export function givenValue(name: string, declared: ConfigField, input: JsonObject): JsonValue | undefined {
  if (!declared.prefix) return Object.hasOwn(input, name) ? (input[name] ?? undefined) : undefined;
  const under = Object.entries(input).filter(([key, value]) => key.startsWith(name) && key.length > name.length && value !== null);
  return under.length === 0 ? undefined : Object.fromEntries(under.map(([key, value]) => [key.slice(name.length), value]));
}

/** The field that a setting of this name belongs to, with the name it is declared under. */
export function fieldOf(declarations: readonly ConfigDeclaration[], key: string): readonly [string, ConfigField] | undefined {
  for (const { fields } of declarations) {
    const exact = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (exact !== undefined && !exact.prefix) return [key, exact];
  }
  for (const { fields } of declarations) {
    const under = Object.entries(fields).find(([name, declared]) => declared.prefix && key.startsWith(name) && key.length > name.length);
    if (under !== undefined) return under;
  }
  return undefined;
}

/** Errors of settings that nobody declared. */
export function strangers(declarations: readonly ConfigDeclaration[], input: JsonObject): readonly FieldError[] {
  const keys = Object.keys(input);
  if (keys.length > SETTINGS_MAX) return [{ field: '', message: `${keys.length} settings; at most ${SETTINGS_MAX} are allowed` }];
  return keys.flatMap((key) => {
    if (key.split('.').some((part) => FORBIDDEN_NAMES.has(part))) return [{ field: key, message: 'this name is not allowed' }];
    if (fieldOf(declarations, key) !== undefined) return [];
    const names = declarations.flatMap(({ fields }) => Object.keys(fields));
    const near = nearestName(key, names);
    return [{ field: key, message: `unknown setting ${quote(key)}${near === undefined ? '' : `; did you mean ${near}?`}` }];
  });
}
