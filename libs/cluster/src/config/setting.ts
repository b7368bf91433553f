import { MoldauError } from '@moldau/kernel';

/**
 * A setting that can be changed while the cluster runs: its type, default, limits and meaning in one declaration, from which
 * validation, description and documentation come. Values are text everywhere but here.
 */
export type Setting = {
  /** Kafka's name where Kafka has the setting. */
  readonly name: string;
  /** As text. */
  readonly defaultValue: string;
  /** What it does, with its unit; limits are added by `describeLimits`. */
  readonly documentation: string;
} & SettingType;

type SettingType =
  | { readonly type: 'int' | 'long'; readonly min: number; readonly max: number }
  | { readonly type: 'double'; readonly min: number; readonly max: number }
  | { readonly type: 'boolean' }
  | { readonly type: 'enum'; readonly values: readonly string[] }
  /** Distinct values, separated by commas. */
  | { readonly type: 'list'; readonly values: readonly string[] };

/** Settings by name. */
export type Registry = ReadonlyMap<string, Setting>;

export function registryOf(settings: readonly Setting[]): Registry {
  return new Map(settings.map((setting) => [setting.name, setting]));
}

/** The limits in words. */
export function describeLimits(setting: Setting): string {
  switch (setting.type) {
    case 'int':
    case 'long':
      return `a whole number from ${setting.min} to ${setting.max}`;
    case 'double':
      return `a number from ${setting.min} to ${setting.max}`;
    case 'boolean':
      return 'true or false';
    case 'enum':
      return `one of ${setting.values.join(', ')}`;
    case 'list':
      return `of ${setting.values.join(', ')}, separated by commas`;
  }
}

/** What is wrong with a value; undefined when nothing is. */
export function settingFault(setting: Setting, value: string): string | undefined {
  return fits(setting, value) ? undefined : `'${value}' is not ${describeLimits(setting)}`;
}

const WHOLE = /^-?\d{1,16}$/;
const DECIMAL = /^-?\d{1,16}(\.\d{1,16})?$/;

function fits(setting: Setting, value: string): boolean {
  switch (setting.type) {
    case 'int':
    case 'long':
      return WHOLE.test(value) && Number(value) >= setting.min && Number(value) <= setting.max;
    case 'double':
      return DECIMAL.test(value) && Number(value) >= setting.min && Number(value) <= setting.max;
    case 'boolean':
      return value === 'true' || value === 'false';
    case 'enum':
      return setting.values.includes(value);
    case 'list': {
      const items = value.split(',').map((item) => item.trim());
      return items.every((item) => setting.values.includes(item)) && new Set(items).size === items.length;
    }
  }
}

/** One refused setting: the thing, the value, the limit. */
export interface SettingProblem {
  readonly name: string;
  readonly value: string;
  readonly limit: string;
}

/** Everything wrong with these values: unknown names and values outside their limits. */
export function settingProblems(registry: Registry, values: ReadonlyMap<string, string>): SettingProblem[] {
  const problems: SettingProblem[] = [];
  for (const [name, value] of values) {
    const setting = registry.get(name);
    if (setting === undefined) problems.push({ name, value, limit: 'no such setting' });
    else if (!fits(setting, value)) problems.push({ name, value, limit: describeLimits(setting) });
  }
  return problems;
}

/** INVALID_CONFIG with all problems at once; the facts name the first, and how many there are. */
export function invalidConfig(problems: readonly SettingProblem[]): MoldauError {
  const message = problems.map(({ name, value, limit }) => `${name}='${value}': ${limit}`).join('; ');
  const first = problems[0];
  const facts =
    first === undefined ? {} : { setting: first.name, value: first.value, limit: first.limit, problems: String(problems.length) };
  return new MoldauError('INVALID_CONFIG', message, facts);
}
