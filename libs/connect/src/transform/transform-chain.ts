import type { FieldError } from '../config/field-error.ts';
import { nearestName } from '../config/nearest-name.ts';
import { quote } from '../config/quote.ts';
import type { JsonObject, JsonValue } from '../data/json-value.ts';
import type { Predicate } from './predicates.ts';
import { PREDICATES } from './predicates.ts';
import type { Transform } from './transform.ts';
import { predicateNamed, TRANSFORM_NAMES, transformNamed } from './transforms.ts';

/** Most transforms of one connector. */
const TRANSFORMS_MAX = 100;

export type TransformChain =
  | { readonly ok: true; readonly apply: Transform }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/**
 * The transforms of a connector's settings, in their order: `transforms=a,b`, `transforms.a.type=…`, `transforms.a.<setting>`,
 * `transforms.a.predicate=p`, `transforms.a.negate=true`, `predicates=p`, `predicates.p.type=…`. Everything that is wrong is
 * told at once. Other settings of the connector are not looked at. A record that a transform drops is undefined.
 */
export function createTransformChain(settings: JsonObject): TransformChain {
  const errors: FieldError[] = [...strangers('transforms', settings), ...strangers('predicates', settings)];
  const predicates = new Map(aliases('predicates', settings).map((alias) => [alias, createPredicate(alias, settings, errors)]));
  const steps = aliases('transforms', settings).map((alias) => createStep(alias, settings, predicates, errors));
  if (steps.length > TRANSFORMS_MAX)
    errors.push({ field: 'transforms', message: `${steps.length} transforms; at most ${TRANSFORMS_MAX} are allowed` });
  if (errors.length > 0) return { ok: false, errors };
  const made = steps.flatMap((step) => step ?? []);
  return {
    ok: true,
    apply: (record) => {
      let current: typeof record | undefined = record;
      for (const step of made) {
        current = step(current);
        if (current === undefined) return undefined;
      }
      return current;
    },
  };
}

/** Whether a setting of a connector belongs to its transforms or predicates. */
export function isTransformSetting(name: string): boolean {
  return /^(transforms|predicates)(\.|$)/.test(name);
}

function aliases(list: string, settings: JsonObject): readonly string[] {
  const given = settings[list];
  const parts: readonly JsonValue[] = Array.isArray(given)
    ? (given as readonly JsonValue[])
    : typeof given === 'string'
      ? given.split(',')
      : [];
  return [...new Set(parts.map((part) => String(part as string).trim()).filter((part) => part.length > 0))];
}

/** Settings under a name that is not in the list: nothing would read them. */
function strangers(list: string, settings: JsonObject): readonly FieldError[] {
  const known = aliases(list, settings);
  const under = Object.keys(settings).filter((key) => key.startsWith(`${list}.`));
  const lost = under.filter((key) => !known.some((alias) => key.startsWith(`${list}.${alias}.`)));
  return lost.map((field) => ({ field, message: `belongs to none of ${list} (${known.join(', ') || 'there are none'})` }));
}

function createStep(
  alias: string,
  settings: JsonObject,
  predicates: ReadonlyMap<string, Predicate | undefined>,
  errors: FieldError[],
): Transform | undefined {
  const prefix = `transforms.${alias}.`;
  const { type, predicate: chosen, negate, ...own } = under(prefix, settings);
  const named = typeof type === 'string' ? transformNamed(type) : undefined;
  if (named === undefined) errors.push({ field: `${prefix}type`, message: unknown(type, 'transform', TRANSFORM_NAMES) });
  const parsed = named?.definition.config.parse(own);
  if (parsed?.ok === false) errors.push(...parsed.errors.map(({ field, message }) => ({ field: prefix + field, message })));
  const isNegated = negate === true || negate === 'true';
  if (!isNegated && negate !== undefined && negate !== false && negate !== 'false') {
    errors.push({ field: `${prefix}negate`, message: `${quote(negate)} is neither true nor false` });
  }
  if (chosen !== undefined && (typeof chosen !== 'string' || !predicates.has(chosen))) {
    errors.push({
      field: `${prefix}predicate`,
      message: `${quote(chosen)} is not in predicates (${[...predicates.keys()].join(', ') || 'there are none'})`,
    });
  }
  if (chosen === undefined && named?.definition.name === 'Filter') {
    errors.push({ field: `${prefix}predicate`, message: 'missing; without one Filter drops every record' });
  }
  if (named === undefined || parsed?.ok !== true) return undefined;
  const transform = named.definition.create(parsed.config, named.part);
  const predicate = typeof chosen === 'string' ? predicates.get(chosen) : undefined;
  return predicate === undefined ? transform : (record) => (predicate(record) === isNegated ? record : transform(record));
}

function createPredicate(alias: string, settings: JsonObject, errors: FieldError[]): Predicate | undefined {
  const prefix = `predicates.${alias}.`;
  const { type, ...own } = under(prefix, settings);
  const definition = typeof type === 'string' ? predicateNamed(type) : undefined;
  if (definition === undefined) {
    errors.push({
      field: `${prefix}type`,
      message: unknown(
        type,
        'predicate',
        PREDICATES.map(({ name }) => name),
      ),
    });
    return undefined;
  }
  const parsed = definition.config.parse(own);
  if (parsed.ok) return definition.create(parsed.config);
  errors.push(...parsed.errors.map(({ field, message }) => ({ field: prefix + field, message })));
  return undefined;
}

function under(prefix: string, settings: JsonObject): JsonObject {
  const mine = Object.entries(settings).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(mine.map(([key, value]) => [key.slice(prefix.length), value]));
}

function unknown(type: JsonValue | undefined, what: string, names: readonly string[]): string {
  if (type === undefined) return `missing; there are ${names.join(', ')}`;
  const near = typeof type === 'string' ? (nearestName(type, names) ?? names.find((name) => name.startsWith(`${type}$`))) : undefined;
  return `${quote(type)} is no ${what}${near === undefined ? '' : `; did you mean ${near}?`} There are ${names.join(', ')}`;
}
