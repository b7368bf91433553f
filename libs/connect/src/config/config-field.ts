import type { JsonValue } from '../data/json-value.ts';

/** Kafka's names of types, as its REST API shows them. */
export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD';

export type Importance = 'high' | 'medium' | 'low';

/** A setting's value, or what is wrong with the text given for it. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** One declared setting, or all settings whose names begin alike (`prefix`). */
export interface ConfigField<T = unknown> {
  readonly type: ConfigType;
  readonly doc: string;
  readonly importance: Importance;
  /** Heading under which it stands in references and forms. */
  readonly group: string;
  /** Name for people; the setting's own name if undefined. */
  readonly displayName: string | undefined;
  /** Must be given. */
  readonly required: boolean;
  /** As it would be written; undefined where there is none. */
  readonly defaultText: string | undefined;
  /** What values are allowed, for people: `1 … 1000`, `one of insert, upsert`. */
  readonly limits: string;
  readonly recommended: readonly string[];
  /** The declared name is a prefix; the value is a map of what follows it. */
  readonly prefix: boolean;
  /** Value in the absence of any; undefined where `required` is false and there is no default. */
  absent(): T | undefined;
  /** The value that this text or JSON stands for. */
  parse(value: JsonValue): Parsed<T>;
}

/** What a field says of itself besides its type. */
export interface FieldOptions {
  /** One or two sentences. */
  readonly doc: string;
  /** Default: high if required, else medium. */
  readonly importance?: Importance;
  /** Default: "General". */
  readonly group?: string;
  readonly displayName?: string;
  /** May be left out; the value is undefined then. */
  readonly optional?: true;
}

/** The type of a field declared with the options `O`: undefined is among it only where `optional` is said. */
export type FieldValue<T, O> = O extends { readonly optional: true } ? T | undefined : T;

export function accepted<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function refused(message: string): Parsed<never> {
  return { ok: false, message };
}
