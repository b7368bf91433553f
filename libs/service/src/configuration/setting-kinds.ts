import { z } from 'zod';
import { Secret } from './secret.ts';
import type { Setting } from './setting.ts';

interface Described {
  readonly doc: string;
  readonly unit?: string;
}

interface Defaulted<Value> extends Described {
  readonly default: Value;
}

type Shape<Value> = Pick<Setting<Value>, 'schema' | 'type' | 'limit'>;

/** A setting with a default. */
export function defaulted<Value>(shape: Shape<Value>, options: Defaulted<NoInfer<Value>>): Setting<Value> {
  return { ...shape, defaultValue: options.default, required: false, unit: options.unit, doc: options.doc };
}

/** A setting that must be given. */
export function required<Value>(shape: Shape<Value>, options: Described): Setting<Value> {
  return { ...shape, defaultValue: undefined, required: true, unit: options.unit, doc: options.doc };
}

/** A setting that may be left out. */
export function optional<Value>(shape: Shape<Value>, options: Described): Setting<Value | undefined> {
  const schema: z.ZodType<Value | undefined> = shape.schema.optional();
  return { ...shape, schema, defaultValue: undefined, required: false, unit: options.unit, doc: options.doc };
}

/** A whole number between two limits, both allowed. */
export function integer(min: number, max: number): Shape<number> {
  return {
    schema: z.preprocess(numberFromText, z.number().int().min(min).max(max)),
    type: 'integer',
    limit: `a whole number ${min} … ${max}`,
  };
}

const BYTE_UNITS: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const BYTES = /^(\d+)\s*(|KiB|MiB|GiB|TiB)$/;

/** A number of bytes: plain, or with KiB, MiB, GiB or TiB. */
export function bytes(min: number, max: number): Shape<number> {
  return {
    schema: z.preprocess(bytesFromText, z.number().int().min(min).max(max)),
    type: 'bytes',
    limit: `a number of bytes ${formatBytes(min)} … ${formatBytes(max)}, such as 65536 or 64 MiB`,
  };
}

export function boolean(): Shape<boolean> {
  return { schema: z.preprocess(booleanFromText, z.boolean()), type: 'boolean', limit: 'true or false' };
}

/** One of a few words. */
export function oneOf<const Word extends string>(...allowed: readonly [Word, ...Word[]]): Shape<Word> {
  return { schema: z.enum(allowed), type: 'word', limit: `one of ${allowed.join(', ')}` };
}

const TEXT_LENGTH_MAX = 4096;

export function text(limit = `1 … ${TEXT_LENGTH_MAX} characters`, pattern = /./): Shape<string> {
  return { schema: z.string().min(1).max(TEXT_LENGTH_MAX).regex(pattern), type: 'text', limit };
}

/** A path, absolute or relative to the working directory; not looked at before it is used. */
export function path(): Shape<string> {
  return { ...text('a path'), type: 'path' };
}

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[?[0-9A-Fa-f:]+\]?)$/;

/** A host name, or an IPv4 or IPv6 address. */
export function host(): Shape<string> {
  return { ...text('a host name or an IP address', HOST), type: 'host' };
}

/** A port; 0, where allowed, is any free one. */
export function port(options: { readonly free: boolean }): Shape<number> {
  const shape = integer(options.free ? 0 : 1, 65_535);
  return { ...shape, type: 'port', limit: options.free ? 'a port 0 … 65535; 0 takes a free one' : 'a port 1 … 65535' };
}

const ADDRESS = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\]):(\d{1,5})$/;

function isAddress(value: string): boolean {
  const port = Number(ADDRESS.exec(value)?.[1]);
  return port >= 1 && port <= 65_535;
}

const LIST_LENGTH_MAX = 64;

/** One or more `host:port`, separated by commas. */
export function addresses(): Shape<readonly string[]> {
  return {
    schema: z.preprocess(listFromText, z.array(z.string().refine(isAddress)).min(1).max(LIST_LENGTH_MAX).readonly()),
    type: 'addresses',
    limit: `1 … ${LIST_LENGTH_MAX} addresses host:port, separated by commas`,
  };
}

/** A secret, by reference only: `file:PATH` or `env:NAME`. Its value never stands in a file of settings or on a command line. */
export function secret(): Shape<Secret> {
  return {
    schema: z
      .string()
      .refine(Secret.isReference)
      .transform((reference) => new Secret(reference)),
    type: 'secret',
    limit: 'a reference to the secret, file:PATH or env:NAME',
  };
}

/** `67108864` → `64 MiB`. */
export function formatBytes(value: number): string {
  const units = Object.entries(BYTE_UNITS).filter(([, size]) => value > 0 && value % size === 0);
  const [name, size] = units.at(-1) ?? ['', 1];
  return name === '' ? String(value) : `${value / size} ${name}`;
}

function numberFromText(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value;
}

function bytesFromText(value: unknown): unknown {
  const [, digits, unit] = (typeof value === 'string' && BYTES.exec(value.trim())) || [];
  return digits === undefined || unit === undefined ? value : Number(digits) * (BYTE_UNITS[unit] ?? Number.NaN);
}

function booleanFromText(value: unknown): unknown {
  if (value === 'true') return true;
  return value === 'false' ? false : value;
}

function listFromText(value: unknown): unknown {
  return typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value;
}
