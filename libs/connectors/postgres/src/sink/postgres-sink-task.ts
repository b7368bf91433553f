import {
  type CommittableOffset,
  RecordError,
  type SinkContext,
  type SinkRecord,
  type SinkTask,
  type TopicPartition,
} from '@moldau/connect';
import type { Counter } from '@moldau/kernel';
import { isDataFault, isSchemaChange } from '../connection/failure.ts';
import { Session } from '../connection/session.ts';
import { type Row, RowMaker } from './row.ts';
import type { PostgresSinkConfig } from './sink-config.ts';
import { runsOf, writeStatement } from './statements.ts';
import { Tables } from './table.ts';

/** A record with the row that was made of it. */
interface Item {
  /** In the array that was put. */
  readonly index: number;
  readonly table: string;
  readonly row: Row;
}

/** Writes each `put` in one transaction. */
export class PostgresSinkTask implements SinkTask {
  readonly #config: PostgresSinkConfig;
  readonly #session: Session;
  readonly #tables: Tables;
  readonly #rows: RowMaker;
  readonly #written: Counter;
  readonly #retried: Counter;
  /** The next offset of each partition, by `topic partition`. */
  readonly #next = new Map<string, CommittableOffset>();

  constructor(config: PostgresSinkConfig, context: SinkContext) {
    this.#config = config;
    this.#session = new Session(config, `moldau ${context.connector}`);
    this.#tables = new Tables(this.#session, { create: config['auto.create'], evolve: config['auto.evolve'] });
    this.#rows = new RowMaker(config);
    const { meter } = context;
    this.#written = meter.counter({ name: 'moldau_connector_postgres_rows_written_total', help: 'Rows written or deleted' }).with();
    this.#retried = meter
      .counter({ name: 'moldau_connector_postgres_schema_reloads_total', help: 'Tables looked at again as they had changed' })
      .with();
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    const items = records.map((record, index) => this.#item(record, index));
    try {
      await this.#write(items);
    } catch (error) {
      if (!isDataFault(error) || items.length === 0) throw error;
      const fault = await this.#findFault(items);
      throw new RecordError(fault.index, fault.message, { cause: error });
    }
    this.#written.add(items.length);
    for (const { source, offset } of records) {
      this.#next.set(`${source.topic} ${source.partition}`, { ...source, offset: offset + 1 });
    }
  }

  flush(): Promise<readonly CommittableOffset[]> {
    const offsets = [...this.#next.values()];
    this.#next.clear();
    return Promise.resolve(offsets);
  }

  revoked(partitions: readonly TopicPartition[]): Promise<void> {
    for (const { topic, partition } of partitions) this.#next.delete(`${topic} ${partition}`);
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  #item(record: SinkRecord, index: number): Item {
    try {
      return { index, table: this.#config['table.name.format'].replaceAll('${topic}', record.topic), row: this.#rows.create(record) };
    } catch (error) {
      throw new RecordError(index, error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  /** Writes all or nothing; once more with a fresh look at the tables where those had changed. */
  async #write(items: readonly Item[]): Promise<void> {
    try {
      await this.#session.transaction(() => this.#apply(items));
    } catch (error) {
      this.#tables.forget();
      if (!isSchemaChange(error)) throw error;
      this.#retried.add(1);
      await this.#session.transaction(() => this.#apply(items));
    }
  }

  async #apply(items: readonly Item[]): Promise<void> {
    for (const [table, rows] of byTable(items)) {
      const columns = await this.#tables.forRows(table, rows);
      const options = {
        replaces: this.#config['insert.mode'] !== 'insert' || this.#config['delete.enabled'],
        rowsMax: this.#config['batch.size'],
      };
      for (const run of runsOf(rows, options)) {
        const { text, values } = writeStatement(table, columns, run, this.#config['insert.mode']);
        await this.#session.query(text, values);
      }
    }
  }

  /** The first record with which what stands before it can't be written: found by halves, each tried and rolled back. */
  async #findFault(items: readonly Item[]): Promise<{ readonly index: number; readonly message: string }> {
    let good = 0;
    let bad = items.length;
    let message = 'it can not be written';
    while (bad - good > 1) {
      const middle = (good + bad) >>> 1;
      const found = await this.#try(items.slice(0, middle));
      if (found === undefined) good = middle;
      else {
        bad = middle;
        message = found;
      }
    }
    message = (await this.#try(items.slice(0, bad))) ?? message;
    return { index: items[bad - 1]?.index ?? 0, message };
  }

  /** What is wrong with the data of these; undefined if nothing is. Leaves nothing behind. */
  async #try(items: readonly Item[]): Promise<string | undefined> {
    await this.#session.query('BEGIN');
    try {
      await this.#apply(items);
      return undefined;
    } catch (error) {
      if (!isDataFault(error)) throw error;
      return error instanceof Error ? error.message : String(error);
    } finally {
      // The tables may have been changed within what is taken back now.
      this.#tables.forget();
      await this.#session.query('ROLLBACK').catch(() => this.#session.close());
    }
  }
}

function byTable(items: readonly Item[]): ReadonlyMap<string, readonly Row[]> {
  const tables = new Map<string, Row[]>();
  for (const { table, row } of items) {
    const rows = tables.get(table);
    if (rows === undefined) tables.set(table, [row]);
    else rows.push(row);
  }
  return tables;
}
