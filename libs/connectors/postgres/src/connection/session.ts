import { Client, type QueryArrayResult, type QueryResult, type QueryResultRow } from 'pg';
import type { ConnectionConfig } from './connection-config.ts';
import { failureOf } from './failure.ts';
import { parserOf } from './value-parsers.ts';

/** A value of a statement's parameter: text in the database's own notation, or null. */
export type Parameter = string | null;

/** One connection to the database, made when it is needed and made again when it was lost. Calls never overlap. */
export class Session {
  readonly #config: ConnectionConfig;
  readonly #name: string;
  #client: Client | undefined;

  /** `name` is what the database shows as the application's. */
  constructor(config: ConnectionConfig, name: string) {
    this.#config = config;
    this.#name = name;
  }

  /** Rows as objects. @throws RetriableError where the database is away for now */
  async query<Row extends QueryResultRow>(text: string, values: readonly Parameter[] = []): Promise<readonly Row[]> {
    return await this.#run(async (client) => {
      const result: QueryResult<Row> = await client.query<Row>({ text, values: [...values] });
      return result.rows;
    });
  }

  /** Rows as arrays, with their columns. @throws RetriableError where the database is away for now */
  async queryArrays(text: string, values: readonly Parameter[] = []): Promise<QueryArrayResult<unknown[]>> {
    return await this.#run((client) => client.query<unknown[]>({ text, values: [...values], rowMode: 'array' }));
  }

  /** All of the work is done or none of it. @throws what the work throws */
  async transaction<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.query('BEGIN');
    let result: Result;
    try {
      result = await work();
      await this.query('COMMIT');
    } catch (error) {
      // A lost connection has rolled back by itself.
      await this.query('ROLLBACK').catch(() => this.close());
      throw error;
    }
    return result;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #run<Result>(call: (client: Client) => Promise<Result>): Promise<Result> {
    try {
      return await call(await this.#connected());
    } catch (error) {
      throw failureOf(error, 'PostgreSQL');
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client !== undefined) return this.#client;
    const client = new Client({
      connectionString: this.#config['connection.url'].replace(/^jdbc:/, ''),
      ...(this.#config['connection.user'] === undefined ? {} : { user: this.#config['connection.user'] }),
      ...(this.#config['connection.password'] === undefined ? {} : { password: this.#config['connection.password'].reveal() }),
      connectionTimeoutMillis: this.#config['connection.timeout.ms'],
      statement_timeout: this.#config['statement.timeout.ms'],
      application_name: this.#name,
      keepAlive: true,
      // Texts of times are positions: they must not depend on the server's settings.
      options: '-c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 -c extra_float_digits=1',
      types: { getTypeParser: parserOf },
    });
    // Without a listener an idle connection's end would be an uncaught error.
    client.on('error', () => this.#forget(client));
    client.on('end', () => this.#forget(client));
    await client.connect();
    this.#client = client;
    return client;
  }

  #forget(client: Client): void {
    if (this.#client === client) this.#client = undefined;
  }
}
