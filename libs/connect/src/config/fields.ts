import type { JsonValue } from '../data/json-value.ts';
import { compilePattern, PATTERN_LENGTH_MAX, type Pattern } from '../pattern/pattern.ts';
import { accepted, type ConfigField, type ConfigType, type FieldOptions, type FieldValue, type Parsed, refused } from './config-field.ts';
import { parseDurationMs, parseSizeBytes } from './quantity.ts';
import { quote } from './quote.ts';
import { Secret } from './secret.ts';

/** Longest text of one setting, in characters: a schema or a query fits, a file put there by mistake does not. */
const TEXT_LENGTH_MAX = 262_144;
/** Most elements of one list, and most settings under one prefix. */
const LIST_LENGTH_MAX = 10_000;

interface DefaultOption<T> {
  /** Used when the setting is absent. */
  readonly default?: T;
}

interface RangeOptions extends FieldOptions, DefaultOption<number> {
  readonly min?: number;
  readonly max?: number;
}

interface StringOptions extends FieldOptions, DefaultOption<string> {
  /** Characters; default: 262,144. */
  readonly maxLength?: number;
  /** May be empty. Default: no. */
  readonly empty?: boolean;
  /** Says what is wrong with a value; undefined if nothing is. */
  readonly check?: (value: string) => string | undefined;
  /** What `check` demands, for people. */
  readonly limits?: string;
  readonly recommended?: readonly string[];
}

interface ListOptions extends FieldOptions, DefaultOption<readonly string[]> {
  /** Fewest elements; default 0. */
  readonly min?: number;
  /** Allowed elements; default: any. */
  readonly of?: readonly string[];
}

interface Shape<T> {
  readonly type: ConfigType;
  readonly limits: string;
  readonly recommended?: readonly string[];
  readonly prefix?: boolean;
  parse(value: JsonValue): Parsed<T>;
  format(value: T): string;
}

/** The kinds of settings. Each takes text, as Kafka's properties are, or the JSON value that fits. */
export const field = {
  string<const O extends StringOptions>(options: O): ConfigField<FieldValue<string, O>> {
    const limits = options.limits ?? (options.empty === true ? 'text' : 'text, not empty');
    return create<string, O>(options, {
      type: 'STRING',
      limits,
      recommended: options.recommended ?? [],
      parse: (value) => parseString(value, options),
      format: (value) => value,
    });
  },

  /** One of some words. */
  choice<const V extends string, const O extends FieldOptions & DefaultOption<NoInfer<V>>>(
    values: readonly V[],
    options: O,
  ): ConfigField<FieldValue<V, O>> {
    const limits = `one of ${values.join(', ')}`;
    return create<V, O>(options, {
      type: 'STRING',
      limits,
      recommended: values,
      parse: (value) => {
        const found = values.find((candidate) => candidate === value);
        return found === undefined ? refused(`${quote(value)} is not ${limits}`) : accepted(found);
      },
      format: (value) => value,
    });
  },

  boolean<const O extends FieldOptions & DefaultOption<boolean>>(options: O): ConfigField<FieldValue<boolean, O>> {
    return create<boolean, O>(options, { type: 'BOOLEAN', limits: 'true or false', parse: parseBoolean, format: String });
  },

  /** A whole number. */
  integer<const O extends RangeOptions>(options: O): ConfigField<FieldValue<number, O>> {
    const min = options.min ?? Number.MIN_SAFE_INTEGER;
    const max = options.max ?? Number.MAX_SAFE_INTEGER;
    return create<number, O>(options, {
      type: max > 0x7fff_ffff ? 'LONG' : 'INT',
      limits: `a whole number${range(options, String)}`,
      parse: (value) => within(parseWhole(value), { min, max, show: String }),
      format: String,
    });
  },

  /** Any finite number. */
  number<const O extends RangeOptions>(options: O): ConfigField<FieldValue<number, O>> {
    return create<number, O>(options, {
      type: 'DOUBLE',
      limits: `a number${range(options, String)}`,
      parse: (value) => within(parseNumber(value), { min: options.min ?? -Infinity, max: options.max ?? Infinity, show: String }),
      format: String,
    });
  },

  /** Milliseconds, or a number with a unit: `250ms`, `30s`, `5m`, `2h`, `1d`. */
  duration<const O extends RangeOptions>(options: O): ConfigField<FieldValue<number, O>> {
    const show = (ms: number): string => `${ms} ms`;
    return create<number, O>(options, {
      type: 'LONG',
      limits: `milliseconds, or a number with ms, s, m, h or d${range(options, show)}`,
      parse: (value) => within(parseDurationMs(value), { min: options.min ?? 0, max: options.max ?? Number.MAX_SAFE_INTEGER, show }),
      format: String,
    });
  },

  /** Bytes, or a number with a unit: `64KiB`, `16MiB`, `1GiB`, also `kB`, `MB`, `GB` for powers of ten. */
  size<const O extends RangeOptions>(options: O): ConfigField<FieldValue<number, O>> {
    const show = (bytes: number): string => `${bytes} bytes`;
    return create<number, O>(options, {
      type: 'LONG',
      limits: `bytes, or a number with KiB, MiB, GiB, kB, MB or GB${range(options, show)}`,
      parse: (value) => within(parseSizeBytes(value), { min: options.min ?? 0, max: options.max ?? Number.MAX_SAFE_INTEGER, show }),
      format: String,
    });
  },

  /** Texts, separated by commas or as a JSON array; spaces around them do not count. */
  list<const O extends ListOptions>(options: O): ConfigField<FieldValue<readonly string[], O>> {
    const elements = options.of === undefined ? 'a list, separated by commas' : `a list of ${options.of.join(', ')}`;
    return create<readonly string[], O>(options, {
      type: 'LIST',
      limits: options.min === undefined ? elements : `${elements}; at least ${options.min}`,
      recommended: options.of ?? [],
      parse: (value) => parseList(value, options),
      format: (value) => value.join(','),
    });
  },

  /** A secret: hidden in answers, logs and errors. */
  password<const O extends FieldOptions & DefaultOption<Secret>>(options: O): ConfigField<FieldValue<Secret, O>> {
    return create<Secret, O>(options, {
      type: 'PASSWORD',
      limits: 'text; better a reference: ${env:NAME}, ${file:/path} or ${file:/path:key}',
      parse: (value) =>
        typeof value === 'string' && value.length <= TEXT_LENGTH_MAX
          ? accepted(new Secret(value))
          : refused(`a text of at most ${TEXT_LENGTH_MAX} characters is needed`),
      format: String,
    });
  },

  /** A regular expression in RE2's syntax: linear in time, whatever it says. */
  pattern<const O extends FieldOptions & DefaultOption<string>>(options: O): ConfigField<FieldValue<Pattern, O>> {
    const { default: fallback, ...rest }: FieldOptions & DefaultOption<string> = options;
    const preset = fallback === undefined ? {} : { default: compilePattern(fallback) };
    return create<Pattern, O>(
      { ...rest, ...preset },
      {
        type: 'STRING',
        limits: `a regular expression in RE2's syntax, at most ${PATTERN_LENGTH_MAX} characters`,
        parse: parsePattern,
        format: (value) => value.source,
      },
    );
  },

  /** All settings whose names begin with the declared name, as a map from the rest of their names to their texts. */
  prefix<const O extends FieldOptions>(options: O): ConfigField<ReadonlyMap<string, string>> {
    return create<ReadonlyMap<string, string>, FieldOptions & DefaultOption<ReadonlyMap<string, string>>>(
      { importance: 'low', ...options, default: new Map() },
      {
        type: 'STRING',
        limits: 'any texts',
        prefix: true,
        parse: parseMap,
        format: () => '',
      },
    );
  },
} as const;

function create<T, O>(options: FieldOptions & DefaultOption<T>, shape: Shape<T>): ConfigField<FieldValue<T, O>> {
  const required = options.default === undefined && options.optional !== true;
  const made: ConfigField<T> = {
    type: shape.type,
    doc: options.doc,
    importance: options.importance ?? (required ? 'high' : 'medium'),
    group: options.group ?? 'General',
    displayName: options.displayName,
    required,
    defaultText: options.default === undefined ? undefined : shape.format(options.default),
    limits: shape.limits,
    recommended: shape.recommended ?? [],
    prefix: shape.prefix ?? false,
    absent: () => options.default,
    parse: (value) => shape.parse(value),
  };
  return made;
}

function parseString(value: JsonValue, options: StringOptions): Parsed<string> {
  if (typeof value === 'object') return refused(`a text is needed, not ${quote(value)}`);
  const text = String(value);
  const maxLength = options.maxLength ?? TEXT_LENGTH_MAX;
  if (text.length > maxLength) return refused(`${text.length} characters; at most ${maxLength} are allowed`);
  if (text.length === 0 && options.empty !== true) return refused('must not be empty');
  const complaint = options.check?.(text);
  return complaint === undefined ? accepted(text) : refused(complaint);
}

function parseBoolean(value: JsonValue): Parsed<boolean> {
  const text = typeof value === 'string' ? value.trim().toLowerCase() : value;
  if (text === true || text === 'true') return accepted(true);
  if (text === false || text === 'false') return accepted(false);
  return refused(`${quote(value)} is neither true nor false`);
}

function parseWhole(value: JsonValue): Parsed<number> {
  const parsed = parseNumber(value);
  if (parsed.ok && !Number.isSafeInteger(parsed.value)) return refused(`${quote(value)} is not a whole number`);
  return parsed;
}

function parseNumber(value: JsonValue): Parsed<number> {
  const isText = typeof value === 'string' && /^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*$/.test(value);
  const number = isText || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? accepted(number) : refused(`${quote(value)} is not a number`);
}

interface Limits {
  readonly min: number;
  readonly max: number;
  readonly show: (value: number) => string;
}

function within(parsed: Parsed<number>, { min, max, show }: Limits): Parsed<number> {
  if (!parsed.ok) return parsed;
  if (parsed.value < min) return refused(`${show(parsed.value)} is below ${show(min)}`);
  if (parsed.value > max) return refused(`${show(parsed.value)} is above ${show(max)}`);
  return parsed;
}

function range({ min, max }: RangeOptions, show: (value: number) => string): string {
  if (min === undefined) return max === undefined ? '' : `, at most ${show(max)}`;
  return max === undefined ? `, at least ${show(min)}` : `, ${show(min)} … ${show(max)}`;
}

function parseList(value: JsonValue, options: ListOptions): Parsed<readonly string[]> {
  if (typeof value === 'object' && !Array.isArray(value)) return refused(`a list is needed, not ${quote(value)}`);
  const parts: readonly JsonValue[] = Array.isArray(value) ? (value as readonly JsonValue[]) : String(value).split(',');
  if (parts.some((part) => typeof part === 'object')) return refused('the elements of the list must be texts');
  const texts = parts.map((part) => String(part as string).trim()).filter((text) => text.length > 0);
  if (texts.length > LIST_LENGTH_MAX) return refused(`${texts.length} elements; at most ${LIST_LENGTH_MAX} are allowed`);
  if (texts.length < (options.min ?? 0)) return refused(`${texts.length} elements; at least ${options.min ?? 0} are needed`);
  const strange = options.of === undefined ? undefined : texts.find((text) => options.of?.includes(text) === false);
  return strange === undefined ? accepted(texts) : refused(`${quote(strange)} is not one of ${(options.of ?? []).join(', ')}`);
}

function parsePattern(value: JsonValue): Parsed<Pattern> {
  if (typeof value !== 'string') return refused(`a text is needed, not ${quote(value)}`);
  try {
    return accepted(compilePattern(value));
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

function parseMap(value: JsonValue): Parsed<ReadonlyMap<string, string>> {
  const entries = Object.entries(value as Readonly<Record<string, JsonValue>>);
  if (entries.length > LIST_LENGTH_MAX) return refused(`${entries.length} settings; at most ${LIST_LENGTH_MAX} are allowed`);
  const strange = entries.find(([, each]) => typeof each === 'object');
  if (strange !== undefined) return refused(`${strange[0]}: a text is needed, not ${quote(strange[1])}`);
  return accepted(new Map(entries.map(([name, each]) => [name, String(each as string)])));
}
