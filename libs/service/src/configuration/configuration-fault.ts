import { MoldauError } from '@moldau/kernel';

/** One thing that is wrong with a configuration. */
export interface ConfigurationFault {
  /** The setting, or what was taken for one. */
  readonly setting: string;
  /** Where it was set, for people: `flag --port`, `environment MOLDAU_PORT`, `file moldau.yaml`. */
  readonly source: string;
  /** The value as it was given; undefined when it is missing. */
  readonly value: unknown;
  /** Completes "must be …", or says what else is wrong. */
  readonly limit: string;
}

const VALUE_LENGTH_MAX = 100;

/** All faults as one error: one line for each. */
export function configurationError(faults: readonly ConfigurationFault[]): MoldauError {
  const lines = faults.map((fault) => `  ${fault.setting}${describeValue(fault)} (${fault.source}): ${fault.limit}`);
  const message = `${faults.length === 1 ? 'a setting is' : `${faults.length} settings are`} not usable:\n${lines.join('\n')}`;
  return new MoldauError('INVALID_CONFIG', message, {
    settings: faults.map((fault) => fault.setting).join(','),
    faults: JSON.stringify(faults),
  });
}

function describeValue(fault: ConfigurationFault): string {
  if (fault.value === undefined) return '';
  const text = typeof fault.value === 'string' ? fault.value : JSON.stringify(fault.value);
  return ` = ${text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text}`;
}
