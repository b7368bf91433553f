import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { ConfigurationFault } from './configuration-fault.ts';
import { ENVIRONMENT_PREFIX, environmentName, flagName, type Settings } from './setting.ts';

/** A value as it was given, and where. */
export interface GivenValue {
  readonly value: unknown;
  /** For people: `flag --port`. */
  readonly source: string;
}

/** What one source gives: values by setting, and what it has that is no setting. */
export interface GivenValues {
  readonly values: ReadonlyMap<string, GivenValue>;
  readonly faults: readonly ConfigurationFault[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Flag that names the file of settings; in the environment MOLDAU_CONFIG_FILE. */
export const CONFIG_FILE_FLAG = 'config-file';
export const CONFIG_FILE_VARIABLE = `${ENVIRONMENT_PREFIX}CONFIG_FILE`;

/** Variables with our prefix that are no settings of a service. */
const FOREIGN_VARIABLES: ReadonlySet<string> = new Set([
  CONFIG_FILE_VARIABLE,
  'MOLDAU_BOOTSTRAP', // the command line's default of --bootstrap
  'MOLDAU_NAMESPACE', // and of --namespace
  'MOLDAU_ETCD', // the binary that `moldau cluster up` starts
]);
/** What Kubernetes sets for each Service whose name begins with `moldau`. */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT|PORT_\d+_(?:TCP|UDP)(?:_\w+)?)$/;
const SERVICE_LINK_VALUE = /^(?:tcp|udp):\/\//;

/** Settings from the command line: `--name value`, `--name=value`; a switch without a value is true. */
export function valuesFromFlags(settings: Settings, argv: readonly string[]): GivenValues & { readonly configFile: string | undefined } {
  const byFlag = new Map(Object.keys(settings).map((name) => [flagName(name), name]));
  const options = Object.fromEntries([...byFlag.keys(), CONFIG_FILE_FLAG].map((flag) => [flag, { type: 'string' as const }]));
  for (const [flag, name] of byFlag) if (settings[name]?.type === 'boolean') Reflect.set(options, flag, { type: 'boolean' });
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, GivenValue>();
  const faults: ConfigurationFault[] = [];
  let configFile: string | undefined;
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      faults.push({ setting: token.value, source: 'command line', value: undefined, limit: 'is no setting; settings are --name value' });
      continue;
    }
    const source = `flag --${token.name}`;
    const name = byFlag.get(token.name);
    if (token.name === CONFIG_FILE_FLAG) configFile = token.value;
    else if (name === undefined) faults.push({ setting: token.name, source, value: token.value, limit: 'there is no such setting' });
    else values.set(name, { value: token.value ?? (settings[name]?.type === 'boolean' ? true : ''), source });
  }
  return { values, faults, configFile };
}

/**
 * Settings from variables with the prefix `MOLDAU_`. An empty one of a setting that may be left out counts as left out: where a
 * variable is filled from elsewhere (a pod's label, another variable), there may be nothing to fill it with. A variable that no service knows is a fault: it is most likely a
 * misspelt one. `otherVariables` are those of the other services, which may share the environment.
 */
export function valuesFromEnvironment(settings: Settings, environment: Environment, otherVariables: ReadonlySet<string>): GivenValues {
  const byVariable = new Map(Object.keys(settings).map((name) => [environmentName(name), name]));
  const values = new Map<string, GivenValue>();
  const faults: ConfigurationFault[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || !variable.startsWith(ENVIRONMENT_PREFIX)) continue;
    const source = `environment ${variable}`;
    const name = byVariable.get(variable);
    if (isForeign(variable, value, name)) continue;
    if (name !== undefined && value === '' && isOptional(settings[name])) continue;
    if (name !== undefined) values.set(name, { value, source });
    else if (!otherVariables.has(variable)) faults.push({ setting: variable, source, value, limit: 'there is no such setting' });
  }
  return { values, faults };
}

function isOptional(setting: Settings[string] | undefined): boolean {
  return setting !== undefined && !setting.required && setting.defaultValue === undefined;
}

/** `setting`: what the variable is to this service, if anything; links of Services may have any name. */
function isForeign(variable: string, value: string, setting: string | undefined): boolean {
  if (FOREIGN_VARIABLES.has(variable)) return setting === undefined;
  return SERVICE_LINK.test(variable) && (SERVICE_LINK_VALUE.test(value) || variable.includes('_SERVICE_') || variable.includes('_PORT_'));
}

/** Settings from a YAML or JSON file: one flat map, names as declared. */
export async function valuesFromFile(settings: Settings, path: string): Promise<GivenValues> {
  const source = `file ${path}`;
  const failure = (limit: string): GivenValues => ({
    values: new Map(),
    faults: [{ setting: CONFIG_FILE_FLAG, source, value: path, limit }],
  });
  let content: unknown;
  try {
    // Most processes have no file, so the parser is loaded only for those that do.
    const [text, { parse }] = await Promise.all([readFile(path, 'utf8'), import('yaml')]);
    content = parse(text) ?? {};
  } catch (error) {
    return failure(`can't be read: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return failure('must be a map of settings');
  const entries: readonly (readonly [string, unknown])[] = Object.entries(content);
  const known = entries.filter(([name]) => Object.hasOwn(settings, name));
  const unknown = entries.filter(([name]) => !Object.hasOwn(settings, name));
  return {
    values: new Map(known.map(([name, value]): [string, GivenValue] => [name, { value, source }])),
    faults: unknown.map(([setting, value]) => ({ setting, source, value, limit: 'there is no such setting' })),
  };
}
