import type { ConfigDeclaration } from './config-declaration.ts';
import type { ConfigField, Importance } from './config-field.ts';

const IMPORTANCES: readonly Importance[] = ['high', 'medium', 'low'];

/** The declared settings as Markdown: a table for each group, the required and important ones first. */
export function configReference(declaration: ConfigDeclaration, heading = '###'): string {
  const fields = Object.entries(declaration.fields);
  if (fields.length === 0) return 'No settings.\n';
  const groups = [...new Set(fields.map(([, { group }]) => group))];
  return groups
    .map((group) => {
      const rows = fields.filter(([, field]) => field.group === group).sort(([, one], [, other]) => rank(one) - rank(other));
      const table = ['| Setting | Value | Default | Meaning |', '|---|---|---|---|', ...rows.map(row)].join('\n');
      return groups.length === 1 ? `${table}\n` : `${heading} ${group}\n\n${table}\n`;
    })
    .join('\n');
}

function rank(field: ConfigField): number {
  return (field.required ? 0 : IMPORTANCES.length) + IMPORTANCES.indexOf(field.importance);
}

function row([name, field]: readonly [string, ConfigField]): string {
  const shownName = field.prefix ? `\`${name}\`*name*` : `\`${name}\``;
  const absent = field.required ? '*required*' : '';
  const cells = [shownName, field.limits, field.defaultText === undefined ? absent : defaultOf(field.defaultText), field.doc];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function defaultOf(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}
