import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CatalogueEntry, ERROR_CATALOGUE } from '@moldau/kernel';

/** Where the page stands, relative to the repository. */
export const ERRORS_PAGE = 'docs/errors.md';

const INTRODUCTION = `<!-- Made by npm run generate from libs/kernel/src/errors/catalogue.ts. Do not edit. -->

# Errors

Every error that Moldau gives, over the wire or from the SDK. A call fails with the gRPC status below and a
\`google.rpc.ErrorInfo\` whose \`reason\` is the name, whose \`domain\` is \`moldau\`, and whose metadata holds the facts: the
thing, the value, the limit. Calls about many partitions or records answer \`OK\` with one result, or one error, for each.

- **Retriable**: the same request may succeed later without a change by the caller.
- **Definite**: what was asked for surely did not happen. **Indefinite**: it may have happened, now or later; only an
  idempotent retry or a read tells.
`;

/** Writes the page of all errors from the catalogue. */
export function generateErrorsPage(root: string): void {
  writeFileSync(join(root, ERRORS_PAGE), errorsPage());
}

/** The page's text: a table to find an error in, then a heading for each, which \`MoldauError.help\` links to. */
function errorsPage(): string {
  const entries: readonly (readonly [string, CatalogueEntry])[] = Object.entries(ERROR_CATALOGUE);
  const rows = entries.map(([name, { code, status }]) => `| ${code} | [${name}](#${name.toLowerCase()}) | ${status} |`);
  return [INTRODUCTION, '| code | name | gRPC status |', '|---:|---|---|', ...rows, '', ...entries.map(section)].join('\n');
}

function section([name, entry]: readonly [string, CatalogueEntry]): string {
  const facts = `Code ${entry.code}, status \`${entry.status}\`, ${entry.retriable ? 'retriable' : 'not retriable'}, ${entry.certainty}.`;
  return `## ${name}\n\n${entry.description}\n\n${facts}\n`;
}
