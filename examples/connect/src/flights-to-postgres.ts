import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDirectory } from '@moldau/harness';
import { type PostgresServer, startPostgres, whyNoPostgres } from '@moldau/real-systems';
import pg from 'pg';
import type { Example, PreparedExample, Say, Verdict } from './example.ts';
import { csvOf, type Flight, readFlights } from './flights.ts';
import type { Stage } from './stage.ts';

/** The flights come in so many files. */
const FILES = 4;

/** CSV files in a folder → the topic `flights` → the table `flights`. */
export const flightsToPostgres: Example = {
  name: 'flights-to-postgres',
  whyNot: whyNoPostgres,
  prepare,
};

async function prepare(say: Say): Promise<PreparedExample> {
  const folder = scratchDirectory('flights');
  for (const name of ['in', 'finished', 'errors']) mkdirSync(join(folder.path, name));
  const postgres = await startPostgres();
  say(`PostgreSQL is up at ${postgres.url}`);
  return {
    environment: { EXAMPLE_FOLDER: folder.path, EXAMPLE_DATABASE_URL: postgres.url },
    run: (stage) => run(stage, folder.path, postgres, say),
    [Symbol.asyncDispose]: async () => {
      await postgres.stop();
      folder.remove();
    },
  };
}

async function run(stage: Stage, folder: string, postgres: PostgresServer, say: Say): Promise<Verdict> {
  await stage.apply('flights-to-postgres.json');
  const flights = await readFlights();
  const database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  try {
    const startedAt = performance.now();
    dropFiles(flights, folder);
    say(`${flights.length} flights lie in ${FILES} CSV files in ${folder}/in`);
    await stage.until(async () => (await countRows(database)) >= flights.length && readdirSync(join(folder, 'in')).length === 0);
    const seconds = (performance.now() - startedAt) / 1000;
    return verdictOf(flights, await readTable(database), seconds);
  } finally {
    await database.end();
  }
}

/** Each file is written under another name and renamed when it is whole. */
function dropFiles(flights: readonly Flight[], folder: string): void {
  const size = Math.ceil(flights.length / FILES);
  for (let number = 0; number < FILES; number += 1) {
    const path = join(folder, 'in', `flights-${number + 1}.csv`);
    writeFileSync(`${path}.part`, csvOf(flights.slice(number * size, (number + 1) * size)));
    renameSync(`${path}.part`, path);
  }
}

async function countRows(database: pg.Client): Promise<number> {
  // The sink makes the table with the first record.
  const { rows } = await database.query<{ readonly there: boolean }>(`select to_regclass('flights') is not null as there`);
  if (rows[0]?.there !== true) return 0;
  const counted = await database.query<{ readonly count: string }>('select count(*) as count from flights');
  return Number(counted.rows[0]?.count);
}

async function readTable(database: pg.Client): Promise<readonly string[]> {
  const { rows } = await database.query<{ readonly line: string }>(
    `select concat_ws(',', flight, to_char(date, 'YYYY/MM/DD HH24:MI'), delay, distance, origin, destination) as line from flights order by flight`,
  );
  return rows.map(({ line }) => line);
}

function verdictOf(flights: readonly Flight[], table: readonly string[], seconds: number): Verdict {
  const wanted = flights.map(({ flight, date, delay, distance, origin, destination }) =>
    [flight, date, delay, distance, origin, destination].join(','),
  );
  const [given, found] = [wanted, table].map((lines) => createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16));
  const text = `${flights.length} flights in CSV, ${table.length} rows in PostgreSQL after ${seconds.toFixed(1)} s; checksums ${given} and ${found}`;
  return { ok: given === found && flights.length === table.length, text };
}
