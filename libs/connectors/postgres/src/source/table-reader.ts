import type { JsonObject, SourceBatch, SourceRecord } from '@moldau/connect';
import type { QueryArrayResult } from 'pg';
import { quoteName } from '../connection/quote-name.ts';
import type { Parameter, Session } from '../connection/session.ts';
import { createRowShape, type RowShape, sameColumns } from './row-schema.ts';
import type { PostgresSourceConfig } from './source-config.ts';

export interface TableReaderOptions {
  readonly config: PostgresSourceConfig;
  readonly session: Session;
  /** Name of the table for people and schemas. */
  readonly name: string;
  /** What stands behind FROM. */
  readonly from: string;
  readonly topic: string;
  /** Part of the source that positions are stored for. */
  readonly partition: JsonObject;
  readonly recordsMax: number;
  /** Waits; ends early when the task does. */
  readonly pause: (ms: number) => Promise<void>;
}

/** Values of the columns of the mode, in the database's own notation. */
export type RowPosition = readonly string[];

/**
 * Reads rows in the order of the columns of the mode. Transactions commit in another order than they took their numbers, so
 * behind a row that is seen a smaller one may still come. Therefore: the newest row is noted, after a moment the transactions
 * that run are noted, and when all of them have ended, the rows up to that newest one are final and are read.
 *
 * idle ─ there are newer rows ─▶ settling ─ all transactions of then have ended ─▶ reading up to there ─▶ idle
 */
export class TableReader {
  readonly #options: TableReaderOptions;
  readonly #columns: readonly string[];
  #position: RowPosition | undefined;
  #state: ReaderState = { tag: 'idle' };
  #shape: { readonly columns: QueryArrayResult['fields']; readonly shape: RowShape } | undefined;

  constructor(options: TableReaderOptions, position: RowPosition | undefined) {
    this.#options = options;
    this.#position = position;
    this.#columns = columnsOf(options.config);
  }

  /** The next rows that are final; undefined when there are none for now. */
  async read(): Promise<SourceBatch | undefined> {
    if (this.#state.tag === 'idle') await this.#lookForNewer();
    if (this.#state.tag === 'settling') await this.#settle(this.#state);
    if (this.#state.tag !== 'reading') return undefined;
    const { newest } = this.#state;
    const result = await this.#rowsUpTo(newest);
    if (result.rows.length < this.#limit()) this.#state = { tag: 'idle' };
    return result.rows.length === 0 ? undefined : this.#batch(result);
  }

  async #lookForNewer(): Promise<void> {
    const { config, session, from } = this.#options;
    const names = this.#columns.map((name) => `t.${quoteName(name)}`);
    const conditions = [...names.map((name) => `${name} IS NOT NULL`), ...this.#after(names, 1)];
    const parameters: Parameter[] = [...(this.#position ?? [])];
    if (config.mode !== 'incrementing') {
      const delay = `${config['timestamp.delay.interval.ms']} milliseconds`;
      conditions.push(`${names[0]} <= clock_timestamp() - $${parameters.push(delay)}::interval`);
    }
    const order = names.map((name) => `${name} DESC`).join(', ');
    const texts = names.map((name) => `${name}::text`).join(', ');
    const sql = `SELECT ${texts} FROM ${from} AS t WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT 1`;
    const { rows } = await session.queryArrays(sql, parameters);
    const [newest] = rows as string[][];
    if (newest !== undefined) this.#state = { tag: 'settling', newest, snapshot: undefined };
  }

  async #settle({ newest, snapshot }: SettlingState): Promise<void> {
    const { session, config, pause } = this.#options;
    if (snapshot === undefined) {
      await pause(config['settle.ms']);
      const [row] = await session.query<{ readonly end: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS end');
      this.#state = { tag: 'settling', newest, snapshot: row?.end ?? '0' };
      return await this.#settle(this.#state);
    }
    const [row] = await session.query<{ readonly ended: boolean }>('SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 AS ended', [
      snapshot,
    ]);
    if (row?.ended === true) this.#state = { tag: 'reading', newest };
  }

  #rowsUpTo(newest: RowPosition): Promise<QueryArrayResult<unknown[]>> {
    const { session, from, config } = this.#options;
    const names = this.#columns.map((name) => `t.${quoteName(name)}`);
    const conditions = this.#after(names, 1);
    const parameters: Parameter[] = [...(this.#position ?? [])];
    const row = names.length === 1 ? names[0] : `(${names.join(', ')})`;
    const places = newest.map((text) => `$${parameters.push(text)}`);
    conditions.push(`${row} <= ${places.length === 1 ? places[0] : `(${places.join(', ')})`}`);
    // Rows of the same time can't be told apart by it: they are read together, however many they are.
    const limit = config.mode === 'timestamp' ? `FETCH FIRST ${this.#limit()} ROWS WITH TIES` : `LIMIT ${this.#limit()}`;
    const texts = names.map((name) => `${name}::text`).join(', ');
    return session.queryArrays(
      `SELECT t.*, ${texts} FROM ${from} AS t WHERE ${conditions.join(' AND ')} ORDER BY ${names.join(', ')} ${limit}`,
      parameters,
    );
  }

  #after(names: readonly string[], first: number): string[] {
    if (this.#position === undefined) return [];
    const places = names.map((_, index) => `$${first + index}`);
    return [names.length === 1 ? `${names[0]} > ${places[0]}` : `(${names.join(', ')}) > (${places.join(', ')})`];
  }

  #batch({ rows, fields }: QueryArrayResult<unknown[]>): SourceBatch {
    const { topic, partition } = this.#options;
    const shape = this.#shapeOf(fields);
    const records = rows.map((row): SourceRecord => ({ topic, key: shape.key(row), value: shape.value(row), headers: [] }));
    this.#position = (rows.at(-1) ?? []).slice(-this.#columns.length) as string[];
    return { records, positions: [{ partition, offset: { position: this.#position } }] };
  }

  #shapeOf(columns: QueryArrayResult['fields']): RowShape {
    if (this.#shape === undefined || !sameColumns(this.#shape.columns, columns)) {
      const { name, config } = this.#options;
      this.#shape = { columns, shape: createRowShape(name, columns, { hidden: this.#columns.length, key: config['key.columns'] }) };
    }
    return this.#shape.shape;
  }

  #limit(): number {
    return Math.min(this.#options.config['batch.max.rows'], this.#options.recordsMax);
  }
}

interface SettlingState {
  readonly tag: 'settling';
  readonly newest: RowPosition;
  /** First transaction that had not begun when it was asked; undefined before. */
  readonly snapshot: string | undefined;
}

type ReaderState = { readonly tag: 'idle' } | SettlingState | { readonly tag: 'reading'; readonly newest: RowPosition };

/** Columns by which rows are ordered and positions are said. */
function columnsOf(config: PostgresSourceConfig): readonly string[] {
  const incrementing = config['incrementing.column.name'] ?? '';
  const timestamp = config['timestamp.column.name'] ?? '';
  switch (config.mode) {
    case 'incrementing':
      return [incrementing];
    case 'timestamp':
      return [timestamp];
    case 'timestamp+incrementing':
      return [timestamp, incrementing];
  }
}
