import type { ConnectorDefinition } from '../contract/plugin.ts';
import { configReference } from './config-reference.ts';

/** Marks between which a page's generated part stands. */
const BEGIN = '<!-- config reference: made by npm run generate -->';
const END = '<!-- end of config reference -->';

/** The page with the reference of these connectors' settings between its marks; at its end where it has no marks yet. */
export function withConfigReference(page: string, definitions: readonly ConnectorDefinition[]): string {
  const reference = `${BEGIN}\n\n${definitions.map(section).join('\n')}\n${END}\n`;
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END, begin);
  if (begin < 0 || end < 0) return `${page.trimEnd()}\n\n## Settings\n\n${reference}`;
  return `${page.slice(0, begin)}${reference}${page.slice(end + END.length).replace(/^\n/, '')}`;
}

function section(definition: ConnectorDefinition): string {
  const others = definition.aliases.length === 0 ? '' : ` Also known as ${definition.aliases.map((alias) => `\`${alias}\``).join(', ')}.`;
  const once = definition.exactlyOnce ? ' Exactly once.' : ' At least once.';
  return `### ${definition.name} (${definition.kind})\n\n${definition.doc}${once}${others}\n\n${configReference(definition.config, '####')}`;
}
