import { environmentName, flagName, type Setting, type Settings } from './setting.ts';
import { formatBytes } from './setting-kinds.ts';

/** A Markdown table of settings: name, flag, variable, type with its limits, default, meaning. */
export function documentSettings(settings: Settings): string {
  const rows = Object.entries(settings)
    .sort(([one], [other]) => one.localeCompare(other, 'en'))
    .map(([name, setting]) => row(name, setting));
  return ['| Setting | Flag and variable | Type | Default | Meaning |', '|---|---|---|---|---|', ...rows].join('\n');
}

function row(name: string, setting: Setting<unknown>): string {
  const names = `\`--${flagName(name)}\`<br>\`${environmentName(name)}\``;
  const type = `${setting.type}${setting.unit === undefined ? '' : ` (${setting.unit})`}: ${setting.limit}`;
  const cells = [`\`${name}\``, names, escape(type), describeDefault(setting), escape(setting.doc)];
  return `| ${cells.join(' | ')} |`;
}

function describeDefault(setting: Setting<unknown>): string {
  if (setting.required) return '**required**';
  const value = setting.defaultValue;
  if (value === undefined) return '–';
  if (setting.type === 'bytes' && typeof value === 'number') return formatBytes(value);
  return `\`${Array.isArray(value) ? value.join(',') : JSON.stringify(value).replaceAll('"', '')}\``;
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|');
}
