import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresServer } from '@moldau/real-systems';
import type { ConnectRig } from '../../fixture/connect-rig.ts';
import { readTopic } from '../../fixture/read-topic.ts';
import { differences } from '../compare.ts';
import type { KillRun, KillSubject } from '../kill-subject.ts';
import { openDatabase, tableOf, whyNot } from './postgres-database.ts';

const PAUSE_MS = 50;
const ROWS_AT_ONCE = 100;

/** Rows are added to a table all the while; the topic has to have them all, once each and in order. */
export const postgresSource: KillSubject = {
  name: 'postgres-source',
  title: 'PostgresSource, exactly once: a topic of one partition is the table, row by row',
  whyNot,
  open: (rig) => openDatabase((server, name) => prepare(rig, server, name)),
};

async function prepare(rig: ConnectRig, server: PostgresServer, name: string): Promise<KillRun> {
  const table = tableOf(name);
  await server.sql(`CREATE TABLE ${table} (id bigint PRIMARY KEY)`);
  let rows = 0;
  const config = {
    'connector.class': 'PostgresSource',
    'connection.url': server.url,
    'table.whitelist': table,
    mode: 'incrementing',
    'incrementing.column.name': 'id',
    'value.converter': 'json',
    'value.converter.schemas.enable': 'false',
    'topic.creation.default.partitions': '1',
    'exactly.once.support': 'required',
  };
  return {
    connectors: [{ name, config }],
    async feed(signal): Promise<number> {
      while (!signal.aborted) {
        const [first, last] = [rows + 1, rows + ROWS_AT_ONCE];
        // A database that crashes may have kept them without saying so: then they are there already.
        const insert = `INSERT INTO ${table} SELECT generate_series(${first}, ${last}) ON CONFLICT DO NOTHING`;
        const isIn = await server.sql(insert).then(
          () => true,
          () => false,
        );
        if (isIn) rows = last;
        await sleep(PAUSE_MS);
      }
      // The last try may have failed after its commit.
      const [count] = await server.sql(`SELECT count(*) FROM ${table}`);
      return (rows = Number(count));
    },
    async findings(): Promise<readonly string[]> {
      const records = await readTopic(rig.moldau, table);
      const expected = Array.from({ length: rows }, (_none, index) => JSON.stringify({ id: index + 1 }));
      return differences(
        expected,
        records.map(({ value }) => value ?? ''),
        true,
      );
    },
  };
}
