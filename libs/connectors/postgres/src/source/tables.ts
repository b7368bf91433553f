import type { Session } from '../connection/session.ts';

/** Most tables of one connector. */
const TABLES_MAX = 10_000;

/** Tables and views that the patterns name, as `schema.table`, sorted. A pattern without a schema means any but those of the system. */
export async function matchingTables(session: Session, patterns: readonly string[]): Promise<readonly string[]> {
  const rows = await session.query<{ readonly schema: string; readonly name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND n.nspname NOT LIKE 'pg\\_%' AND NOT c.relispartition
      ORDER BY 1, 2 LIMIT ${TABLES_MAX}`,
  );
  return rows
    .filter(({ schema, name }) => patterns.some((pattern) => matches(pattern, schema, name)))
    .map(({ schema, name }) => `${schema}.${name}`);
}

function matches(pattern: string, schema: string, name: string): boolean {
  return wildcard(pattern).test(pattern.includes('.') ? `${schema}.${name}` : name);
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
