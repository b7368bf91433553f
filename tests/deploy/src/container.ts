import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunOutcome, run } from './run.ts';

/** The user of the image. */
const USER = 65_532;
const PATH = '/opt/moldau/bin:/usr/local/bin:/usr/bin:/bin';

export interface ContainerOptions {
  /** The file system of the image. */
  readonly root: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Mounted at /var/lib/moldau, and owned by the user. */
  readonly dataFolder: string;
  /** Names to addresses, for /etc/hosts. */
  readonly hosts: Readonly<Record<string, string>>;
}

/**
 * Something of an image that runs as a container would, as far as this machine can without an engine: in the image's tree, which
 * can't be written, with a folder of its own for data and one in memory for /tmp, as a user without any right.
 * Network and processes are those of the machine.
 */
export interface Container {
  /** What it has printed. */
  readonly log: () => string;
  /** Memory in bytes: all that is resident, and what of it is its own, not a file's that the kernel may drop and that others share. */
  memory(): { readonly residentBytes: number; readonly ownBytes: number };
  /** SIGTERM; answers with its status. */
  stop(): Promise<number | null>;
}

/** Why containers can't be stood in for here; undefined when they can. */
export async function whyNoContainers(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'only Linux has mount namespaces';
  if (process.getuid?.() !== 0) return 'only root can mount a read-only root';
  const { status, out } = await run('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /tmp && command -v setpriv chroot']);
  return status === 0 ? undefined : `mounts are not allowed here: ${out.trim()}`;
}

export function startContainer(options: ContainerOptions): Container {
  const child = spawn('unshare', containerArguments(options), { env: environmentOf(options), stdio: ['ignore', 'pipe', 'pipe'] });
  return running(child);
}

/** Runs a command in such a container to its end. */
export function runInContainer(options: ContainerOptions): Promise<RunOutcome> {
  return run('env', [
    '-i',
    ...Object.entries(environmentOf(options)).map(([name, value]) => `${name}=${value}`),
    'unshare',
    ...containerArguments(options),
  ]);
}

function environmentOf({ environment }: ContainerOptions): Record<string, string> {
  return { PATH, NODE_ENV: 'production', ...environment };
}

/** Each step of the script replaces the shell in the end, so that signals reach the service itself. */
function containerArguments({ root, command, dataFolder, hosts }: ContainerOptions): readonly string[] {
  mkdirSync(dataFolder, { recursive: true });
  chownSync(dataFolder, USER, USER);
  mkdirSync(join(root, 'var/lib/moldau'), { recursive: true });
  const hostsFile = join(root, 'etc/hosts');
  writeFileSync(
    hostsFile,
    Object.entries({ localhost: '127.0.0.1', ...hosts })
      .map(([name, address]) => `${address} ${name}\n`)
      .join(''),
  );
  const script = [
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    'mount --make-rprivate /',
    'mount --bind "$1" "$1"',
    'mount -o remount,ro,bind "$1"',
    'mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"',
    'mount --rbind /proc "$1/proc"',
    'mount --bind "$2" "$1/var/lib/moldau"',
    'root=$1; shift 2',
    `exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid chroot --userspec=${USER}:${USER} --groups= "$root" /usr/bin/env PATH=${PATH} "$@"`,
  ].join(' && ');
  return ['--mount', 'sh', '-c', script, 'sh', root, dataFolder, ...command];
}

function running(child: ChildProcess): Container {
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    log: () => printed,
    memory(): { readonly residentBytes: number; readonly ownBytes: number } {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const bytesOf = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1_024;
      return { residentBytes: bytesOf('VmRSS'), ownBytes: bytesOf('RssAnon') };
    },
    async stop(): Promise<number | null> {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 40_000);
      const status = await exited;
      clearTimeout(timer);
      return status;
    },
  };
}
