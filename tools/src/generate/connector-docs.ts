import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CONVERTERS, type ConnectorPlugin, configReference, PREDICATES, TRANSFORMS, withConfigReference } from '@moldau/connect';

/** Where the page of transforms and converters stands, relative to the repository. */
export const TRANSFORMS_PAGE = 'docs/connect-transforms.md';
const CONNECTORS_FOLDER = 'libs/connectors';

const INTRODUCTION = `<!-- Made by npm run generate from libs/connect/src/transform and libs/connect/src/converter. Do not edit. -->

# Transforms, predicates and converters

What stands between a connector and its topics. Names and settings are those of Kafka Connect, so a file written for it goes
on working; \`org.apache.kafka.connect.transforms.\` may stand before the name of a class or be left out.

## Transforms

Each changes one record, or drops it. They are applied in the order of the list. Those that work on a part of the record
have two names: \`X$Key\` and \`X$Value\`.

\`\`\`json
{
  "transforms": "stamp,route",
  "transforms.stamp.type": "InsertField$Value",
  "transforms.stamp.timestamp.field": "written_at",
  "transforms.route.type": "RegexRouter",
  "transforms.route.regex": "raw-(.*)",
  "transforms.route.replacement": "$1",
  "transforms.route.predicate": "isRaw",
  "transforms.route.negate": "false",
  "predicates": "isRaw",
  "predicates.isRaw.type": "TopicNameMatches",
  "predicates.isRaw.pattern": "raw-.*"
}
\`\`\`

A record that a transform can't take goes the way that \`errors.tolerance\` says. Regular expressions are RE2's, which take
time linear in the text: no look-around, no back-references. Patterns of times are those of Java's \`SimpleDateFormat\`, in
UTC; a text that names no existing day, such as the 31st of February, is an error. \`Cast\` refuses a number that does not fit,
where Kafka keeps its lowest bits.
`;

const PREDICATES_INTRODUCTION = `
## Predicates

Each chooses the records that a transform sees: \`transforms.X.predicate\` names one, \`transforms.X.negate\` turns it round.
`;

const CONVERTERS_INTRODUCTION = `
## Converters

Between the bytes in a topic and the values that connectors see: \`key.converter\`, \`value.converter\` and
\`header.converter\`, with their settings below those names (\`value.converter.schemas.enable\`).
`;

/** Writes the page of transforms, and the reference of settings into the README of each package of connectors. */
export async function generateConnectorPages(root: string): Promise<void> {
  writeFileSync(join(root, TRANSFORMS_PAGE), transformsPage());
  for (const folder of readdirSync(join(root, CONNECTORS_FOLDER))) await generateReference(join(root, CONNECTORS_FOLDER, folder));
}

/** The page's text. */
export function transformsPage(): string {
  const transforms = TRANSFORMS.map(({ name, scope, doc, config }) => {
    const names = scope === 'parts' ? `\`${name}$Key\`, \`${name}$Value\`` : `\`${name}\``;
    return `### ${name}\n\n${names}. ${doc}\n\n${configReference(config, '####')}`;
  });
  const predicates = PREDICATES.map(({ name, doc, config }) => `### ${name}\n\n${doc}\n\n${configReference(config, '####')}`);
  const converters = CONVERTERS.map(({ name, aliases, doc, config }) => {
    const others = aliases.length === 0 ? '' : ` Also ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`;
    return `### \`${name}\`\n\n${doc}${others}\n\n${configReference(config, '####')}`;
  });
  return [INTRODUCTION, ...transforms, PREDICATES_INTRODUCTION, ...predicates, CONVERTERS_INTRODUCTION, ...converters]
    .map((part) => part.trim())
    .join('\n\n')
    .concat('\n');
}

async function generateReference(folder: string): Promise<void> {
  const entry = join(folder, 'src/index.ts');
  const page = join(folder, 'README.md');
  if (!existsSync(entry) || !existsSync(page)) return;
  // By path: the tools depend on no connector, so a new one needs no change here.
  const { plugin } = (await import(pathToFileURL(entry).href)) as { readonly plugin?: ConnectorPlugin };
  if (plugin !== undefined) writeFileSync(page, withConfigReference(readFileSync(page, 'utf8'), plugin.definitions));
}
