import { quoteName, quoteTable } from '../connection/quote-name.ts';
import type { Session } from '../connection/session.ts';
import type { Row } from './row.ts';

/** Columns of a table as the database has them: types by name. */
export type TableColumns = ReadonlyMap<string, string>;

/** What may be changed about tables. */
export interface TablePolicy {
  readonly create: boolean;
  readonly evolve: boolean;
}

/** The tables that a task writes, as they were when they were looked at last. */
export class Tables {
  readonly #session: Session;
  readonly #policy: TablePolicy;
  readonly #known = new Map<string, TableColumns>();

  constructor(session: Session, policy: TablePolicy) {
    this.#session = session;
    this.#policy = policy;
  }

  /** Forgets what is known: somebody else changed a table. */
  forget(): void {
    this.#known.clear();
  }

  /** The table with all columns of these rows, made or extended if that is allowed. @throws Error that says what is missing */
  async forRows(name: string, rows: readonly Row[]): Promise<TableColumns> {
    const known = this.#known.get(name) ?? (await this.#load(name));
    if (known === undefined) return await this.#create(name, rows);
    let table = known;
    let checked: Row['columns'] | undefined;
    for (const row of rows) {
      if (row.columns === checked) continue;
      checked = row.columns;
      if (row.columns.some((column) => !table.has(column.name))) table = await this.#evolve(name, table, row);
    }
    return table;
  }

  async #load(name: string): Promise<TableColumns | undefined> {
    const rows = await this.#session.query<{ readonly name: string; readonly type: string }>(
      `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
        WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
      [quoteTable(name)],
    );
    if (rows.length === 0) return undefined;
    const columns = new Map(rows.map((row) => [row.name, row.type]));
    this.#known.set(name, columns);
    return columns;
  }

  async #create(name: string, rows: readonly Row[]): Promise<TableColumns> {
    const row = rows.find(({ tombstone }) => !tombstone) ?? rows[0];
    if (!this.#policy.create || row === undefined) throw new Error(`the table ${name} does not exist, and auto.create is false`);
    const columns = row.columns.map((column) => `${quoteName(column.name)} ${column.type}${column.optional ? '' : ' NOT NULL'}`);
    const keys = row.columns.slice(0, row.keys).map((column) => quoteName(column.name));
    const primaryKey = keys.length === 0 ? [] : [`PRIMARY KEY (${keys.join(', ')})`];
    await this.#session.query(`CREATE TABLE IF NOT EXISTS ${quoteTable(name)} (${[...columns, ...primaryKey].join(', ')})`);
    this.#known.delete(name);
    const made = await this.#load(name);
    if (made === undefined) throw new Error(`the table ${name} is not there though it was made: somebody drops it`);
    return await this.forRows(name, rows);
  }

  async #evolve(name: string, table: TableColumns, row: Row): Promise<TableColumns> {
    const missing = row.columns.filter((column) => !table.has(column.name));
    const names = missing.map((column) => column.name).join(', ');
    if (!this.#policy.evolve) throw new Error(`the table ${name} has no column ${names}, and auto.evolve is false`);
    const required = missing.filter(({ optional }) => !optional).map((column) => column.name);
    if (required.length > 0) {
      throw new Error(
        `the table ${name} can't be given the column ${required.join(', ')}: it is neither optional nor has it a default, and old rows lack it`,
      );
    }
    const additions = missing.map((column) => `ADD COLUMN IF NOT EXISTS ${quoteName(column.name)} ${column.type}`);
    await this.#session.query(`ALTER TABLE ${quoteTable(name)} ${additions.join(', ')}`);
    this.#known.delete(name);
    return (await this.#load(name)) ?? table;
  }
}
