import type { JsonObject, SourceBatch, SourceContext, SourceTask } from '@moldau/connect';
import type { Counter } from '@moldau/kernel';
import { quoteTable } from '../connection/quote-name.ts';
import { Session } from '../connection/session.ts';
import type { PostgresSourceConfig } from './source-config.ts';
import { type RowPosition, TableReader } from './table-reader.ts';

/** Reads its tables in turn. */
export class PostgresSourceTask implements SourceTask {
  readonly #session: Session;
  readonly #rows: Counter;
  #readers: readonly TableReader[];

  private constructor(session: Session, readers: readonly TableReader[], context: SourceContext) {
    this.#session = session;
    this.#readers = readers;
    this.#rows = context.meter.counter({ name: 'moldau_connector_postgres_rows_read_total', help: 'Rows read' }).with();
  }

  /** A task for these tables; without any, for the query. */
  static async start(config: PostgresSourceConfig, tables: readonly string[], context: SourceContext): Promise<PostgresSourceTask> {
    const session = new Session(config, `moldau ${context.connector}`);
    const { query } = config;
    const sources = query === undefined ? tables.map((table) => tableSource(config, table)) : [querySource(config, query)];
    const readers: TableReader[] = [];
    for (const source of sources) {
      const stored = await context.storedOffset(source.partition);
      const options = { ...source, config, session, recordsMax: context.limits.maxRecords, pause: (ms: number) => pause(context, ms) };
      readers.push(new TableReader(options, parsePosition(stored)));
    }
    return new PostgresSourceTask(session, readers, context);
  }

  async poll(signal: AbortSignal): Promise<SourceBatch | undefined> {
    for (let tried = 0; tried < this.#readers.length && !signal.aborted; tried += 1) {
      const [reader, ...others] = this.#readers;
      if (reader === undefined) return undefined;
      // The next poll begins with the next table, so that a busy one does not starve the others.
      this.#readers = [...others, reader];
      const batch = await reader.read();
      if (batch === undefined) continue;
      this.#rows.add(batch.records.length);
      return batch;
    }
    return undefined;
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}

type Source = Pick<ConstructorParameters<typeof TableReader>[0], 'name' | 'from' | 'topic' | 'partition'>;

function tableSource(config: PostgresSourceConfig, table: string): Source {
  const name = table.slice(table.indexOf('.') + 1);
  return { name: table, from: quoteTable(table), topic: `${config['topic.prefix']}${name}`, partition: { table } };
}

function querySource(config: PostgresSourceConfig, query: string): Source {
  const topic = config['topic.prefix'];
  return { name: topic, from: `(${query.replace(/;\s*$/, '')}\n)`, topic, partition: { query: 'query' } };
}

function parsePosition(stored: JsonObject | undefined): RowPosition | undefined {
  if (stored === undefined) return undefined;
  const { position } = stored;
  const texts = Array.isArray(position) ? (position as readonly unknown[]) : [];
  if (texts.length === 0 || !texts.every((text) => typeof text === 'string')) {
    throw new Error(`the stored offset ${JSON.stringify(stored)} is not { "position": [texts of the columns of the mode] }`);
  }
  return texts;
}

function pause({ scheduler, signal }: SourceContext, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = scheduler.after(ms, end);
    signal.addEventListener('abort', end);
  });
}
