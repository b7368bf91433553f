import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres, whyNoPostgres } from '@moldau/real-systems';
import type { KillRun, OpenSubject } from '../kill-subject.ts';

/** Longest time that a crashed database stays away. */
const AWAY_MS = 3_000;

export const whyNot = (): Promise<string | undefined> => Promise.resolve(whyNoPostgres());

/** A database of its own that crashes and comes back. */
export async function openDatabase(prepare: (server: PostgresServer, name: string) => Promise<KillRun>): Promise<OpenSubject> {
  const server = await startPostgres();
  const hurt = async (): Promise<void> => {
    await server.crash();
    await sleep(AWAY_MS);
    await server.start();
  };
  return {
    faults: [{ name: 'database', hurt }],
    prepare: (name) => prepare(server, name),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** Names of runs as tables: no dashes, so that nothing needs quotes. */
export function tableOf(name: string): string {
  return name.replaceAll('-', '_');
}
