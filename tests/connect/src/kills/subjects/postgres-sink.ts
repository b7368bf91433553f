import { setTimeout as sleep } from 'node:timers/promises';
import { serdes } from '@moldau/client';
import type { PostgresServer } from '@moldau/real-systems';
import type { ConnectRig } from '../../fixture/connect-rig.ts';
import { differences } from '../compare.ts';
import type { KillRun, KillSubject } from '../kill-subject.ts';
import { openDatabase, tableOf, whyNot } from './postgres-database.ts';

const PAUSE_MS = 20;
const RECORDS_AT_ONCE = 100;
const KEYS = 1_000;
const PARTITIONS = 4;

/** Records of a few keys are upserted and deleted all the while; the table has to have the last of each key. */
export const postgresSink: KillSubject = {
  name: 'postgres-sink',
  title: 'PostgresSink of two tasks, idempotent: the table is the last record of each key, and deleted keys are gone',
  whyNot,
  open: (rig) => openDatabase((server, name) => prepare(rig, server, name)),
};

async function prepare(rig: ConnectRig, server: PostgresServer, name: string): Promise<KillRun> {
  const table = tableOf(name);
  await rig.moldau.admin().createTopics([{ name: table, partitions: PARTITIONS }]);
  const last = new Map<string, number>();
  const config = {
    'connector.class': 'PostgresSink',
    'tasks.max': '2',
    topics: table,
    'connection.url': server.url,
    'insert.mode': 'upsert',
    'pk.mode': 'record_key',
    'pk.fields': 'id',
    'delete.enabled': 'true',
    'auto.create': 'true',
    'key.converter': 'string',
    'value.converter': 'json',
    'value.converter.schemas.enable': 'false',
    'offset.flush.interval.ms': '1000',
  };
  return {
    connectors: [{ name, config }],
    feed: (signal) => feed(rig, { table, last, signal }),
    async findings(): Promise<readonly string[]> {
      const expected = [...last].map(([id, n]) => `${id}|${n}`);
      const rows = await server.sql(`SELECT id, n FROM ${table}`).catch((error: unknown) => String(error));
      return typeof rows === 'string' ? [rows.slice(0, 200)] : differences(expected, rows, false);
    },
  };
}

interface Feeding {
  readonly table: string;
  /** The last number of each key that is not deleted. */
  readonly last: Map<string, number>;
  readonly signal: AbortSignal;
}

async function feed({ moldau }: ConnectRig, { table, last, signal }: Feeding): Promise<number> {
  await using producer = moldau.producer<string, string>({ keySerializer: serdes.string, valueSerializer: serdes.string });
  let sent = 0;
  while (!signal.aborted) {
    const sends: Promise<unknown>[] = [];
    for (let count = 0; count < RECORDS_AT_ONCE; count++, sent++) {
      // Strides that share no divisor with the number of keys meet each key, and each seventh record deletes.
      const key = `key-${(sent * 7) % KEYS}`;
      const isDeletion = sent % 7 === 3;
      if (isDeletion) last.delete(key);
      else last.set(key, sent);
      sends.push(producer.send({ topic: table, key, value: isDeletion ? null : JSON.stringify({ n: sent }) }));
    }
    await Promise.all(sends);
    await sleep(PAUSE_MS);
  }
  return sent;
}
