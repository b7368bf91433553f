import { type ConfigurationFault, configurationError } from './configuration-fault.ts';
import type { Configuration, Setting, Settings } from './setting.ts';
import { environmentName, flagName } from './setting.ts';
import {
  CONFIG_FILE_VARIABLE,
  type Environment,
  type GivenValue,
  type GivenValues,
  valuesFromEnvironment,
  valuesFromFile,
  valuesFromFlags,
} from './setting-sources.ts';

export interface ConfigurationSources {
  /** Arguments of the command line, without the program. */
  readonly flags: readonly string[];
  readonly environment: Environment;
  /** Variables of other services that may stand in the same environment. */
  readonly otherVariables?: ReadonlySet<string>;
}

/** A configuration and, by setting, where its value comes from (`default` where nobody set it). */
export interface LoadedConfiguration<Declared extends Settings> {
  readonly values: Configuration<Declared>;
  readonly sources: ReadonlyMap<string, string>;
}

/** A rule over several settings; answers with what is wrong. */
export type ConfigurationRule<Declared extends Settings> = (
  values: Configuration<Declared>,
) => readonly Pick<ConfigurationFault, 'setting' | 'limit'>[];

/**
 * Reads a service's settings: a flag wins over the environment, that over the file, that over the default.
 *
 * @throws MoldauError INVALID_CONFIG with every fault there is, each with setting, value, limit and source
 */
export async function loadConfiguration<Declared extends Settings>(
  settings: Declared,
  from: ConfigurationSources,
  rules: readonly ConfigurationRule<Declared>[] = [],
): Promise<LoadedConfiguration<Declared>> {
  const flags = valuesFromFlags(settings, from.flags);
  const environment = valuesFromEnvironment(settings, from.environment, from.otherVariables ?? new Set());
  const configFile = flags.configFile ?? from.environment[CONFIG_FILE_VARIABLE];
  const file = configFile === undefined ? NOTHING_GIVEN : await valuesFromFile(settings, configFile);
  const given = new Map([...file.values, ...environment.values, ...flags.values]);
  const faults = [...flags.faults, ...environment.faults, ...file.faults];

  const values: Record<string, unknown> = {};
  for (const [name, declared] of Object.entries(settings)) {
    const outcome = valueOf(name, declared, given.get(name));
    if (outcome.fault !== undefined) faults.push(outcome.fault);
    values[name] = outcome.value;
  }
  const configuration = Object.freeze(values) as Configuration<Declared>;
  if (faults.length === 0) faults.push(...rules.flatMap((rule) => brokenBy(rule, configuration, given)));
  if (faults.length > 0) throw configurationError(faults);
  const sources = new Map(Object.keys(settings).map((name) => [name, given.get(name)?.source ?? 'default']));
  return { values: configuration, sources };
}

const NOTHING_GIVEN: GivenValues = { values: new Map(), faults: [] };

function valueOf(name: string, declared: Setting<unknown>, given: GivenValue | undefined): { value?: unknown; fault?: ConfigurationFault } {
  if (given === undefined) {
    if (!declared.required) return { value: declared.defaultValue };
    const limit = `is required: --${flagName(name)}, ${environmentName(name)}, or ${name} in the file`;
    return { fault: { setting: name, source: 'not set', value: undefined, limit } };
  }
  const parsed = declared.schema.safeParse(given.value);
  if (parsed.success) return { value: parsed.data };
  return { fault: { setting: name, source: given.source, value: given.value, limit: `must be ${declared.limit}` } };
}

function brokenBy<Declared extends Settings>(
  rule: ConfigurationRule<Declared>,
  values: Configuration<Declared>,
  given: ReadonlyMap<string, GivenValue>,
): readonly ConfigurationFault[] {
  return rule(values).map(({ setting, limit }) => ({
    setting,
    limit,
    value: values[setting as keyof Declared],
    source: given.get(setting)?.source ?? 'default',
  }));
}
