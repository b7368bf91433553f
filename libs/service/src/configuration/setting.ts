import type { z } from 'zod';

/** One setting of a service: everything there is to know about it, declared once. */
export interface Setting<Value> {
  /** Takes text (environment, flags) as well as a file's own booleans, numbers and lists. */
  readonly schema: z.ZodType<Value>;
  /** Name of the type, for the documentation. */
  readonly type: string;
  /** What values are allowed, in words; completes "must be …". */
  readonly limit: string;
  /** Undefined: none. */
  readonly defaultValue: Value | undefined;
  /** The service does not start without it. */
  readonly required: boolean;
  /** Unit of the number, where its name has none. */
  readonly unit: string | undefined;
  /** One or two sentences for operators. */
  readonly doc: string;
}

/** The settings of a service by their names: camel case, units last. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** What the service gets: every setting with its value. */
export type Configuration<Declared extends Settings> = {
  readonly [Name in keyof Declared]: Declared[Name] extends Setting<infer Value> ? Value : never;
};

/** `dataDir` → `MOLDAU_DATA_DIR`. */
export function environmentName(setting: string): string {
  return `${ENVIRONMENT_PREFIX}${words(setting).join('_').toUpperCase()}`;
}

/** `dataDir` → `data-dir`; on the command line with two dashes before it. */
export function flagName(setting: string): string {
  return words(setting).join('-').toLowerCase();
}

export const ENVIRONMENT_PREFIX = 'MOLDAU_';

function words(setting: string): readonly string[] {
  return setting.split(/(?=[A-Z])/);
}
