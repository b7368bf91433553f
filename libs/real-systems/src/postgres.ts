import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, globSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, removeFolder, type ServerProcess, serverFolder, startServer, untilReady } from './server-process.ts';

const READY_TIMEOUT_MS = 30_000;
/** Most that one statement may answer. */
const SQL_OUTPUT_BYTES_MAX = 64 * 1_048_576;

/** A private PostgreSQL on the loopback. */
export interface PostgresServer {
  /** `postgres://postgres@127.0.0.1:PORT/postgres`; no password is asked for. */
  readonly url: string;
  readonly port: number;
  /** Runs statements; the rows of the last one as lines, with a bar between columns. @throws Error with what it says */
  sql(text: string): Promise<readonly string[]>;
  /** Kills all of its processes at once, as a crash does. */
  crash(): Promise<void>;
  /** Starts it again on the same data and port. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Why there is no PostgreSQL here; undefined where there is one. */
export function whyNoPostgres(): string | undefined {
  if (programs() === undefined) return 'PostgreSQL is not installed (Debian: postgresql)';
  if (process.getuid?.() === 0 && !hasUser()) return 'PostgreSQL refuses to run as root and there is no user postgres';
  return undefined;
}

/** Starts a new one on an empty database. Without fsync: what it survives is a crash of its processes, not of the machine. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = serverFolder('postgres');
  const port = await freePort();
  const data = join(folder, 'data');
  const bin = programs() ?? '';
  if (isRoot()) {
    execFileSync('chown', ['postgres', folder]);
    chmodSync(folder, 0o755);
  }
  const [initCommand, ...initParameters] = asPostgres([
    join(bin, 'initdb'),
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '-N',
  ]);
  execFileSync(initCommand ?? '', initParameters, { stdio: 'pipe', cwd: folder });
  let server: ServerProcess;
  const start = async (): Promise<void> => {
    const settings = ['fsync=off', 'listen_addresses=127.0.0.1', 'max_connections=50'].flatMap((setting) => ['-c', setting]);
    const [command, ...parameters] = asPostgres([join(bin, 'postgres'), '-D', data, '-p', String(port), '-k', folder, ...settings]);
    server = startServer(command ?? '', parameters);
    await untilReady(server, READY_TIMEOUT_MS, () => answers(bin, port));
  };
  await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    sql: (text) => sql(bin, port, text),
    start,
    crash: async () => {
      execFileSync('sh', ['-c', `kill -9 $(head -1 ${data}/postmaster.pid)`]);
      await server.ended;
      await untilFree(port);
    },
    stop: async () => {
      server.child.kill('SIGINT');
      const timer = setTimeout(() => server.child.kill('SIGKILL'), 10_000);
      await server.ended;
      clearTimeout(timer);
      removeFolder(folder);
    },
  };
}

function programs(): string | undefined {
  return (
    globSync('/usr/lib/postgresql/*/bin').sort().at(-1) ?? globSync('/{usr,usr/local,opt/homebrew}/bin/initdb')[0]?.replace(/\/initdb$/, '')
  );
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function hasUser(): boolean {
  try {
    execFileSync('id', ['postgres'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** It refuses to run as root. `setpriv` becomes the program itself, so a signal to the child reaches it. */
function asPostgres(command: readonly string[]): readonly string[] {
  return isRoot() ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', ...command] : command;
}

function answers(bin: string, port: number): Promise<boolean> {
  const asked = spawnSync(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port), '-U', 'postgres']);
  return Promise.resolve(asked.status === 0);
}

async function sql(bin: string, port: number, text: string): Promise<readonly string[]> {
  const place = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres'];
  const flags = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', text];
  const { stdout } = await promisify(execFile)(join(bin, 'psql'), [...place, ...flags], { maxBuffer: SQL_OUTPUT_BYTES_MAX });
  return stdout === '' ? [] : stdout.trimEnd().split('\n');
}

/** Waits until nobody listens any more: the processes of sessions outlive a killed postmaster by a moment. */
async function untilFree(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(false);
      });
      socket.once('error', () => resolve(true));
    });
    if (refused) return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
}
