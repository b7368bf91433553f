import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, MoldauError } from '@moldau/kernel';
import { readClusterFile, writeClusterFile } from './cluster-file.ts';
import { launch } from './launch.ts';
import { assertSameLayout, CLUSTER_SIZE_DEFAULT, type ClusterSize, createLayout } from './layout.ts';
import { addressesOf, MEMBER_KINDS, type Member, type MemberKind } from './member.ts';
import { type MemberCommand, memberCommand, type ServiceFlags } from './member-command.ts';
import type { MemberPlaces } from './member-place.ts';
import { isRunning, type ProcessIdentity, sendSignal } from './process-identity.ts';
import { awaitReady } from './readiness.ts';

export interface LocalClusterOptions {
  /** Holds everything of the cluster: `cluster.json`, `logs/`, and the data of each member. Made when it is missing. */
  readonly directory: string;
  /** Default: three brokers, two coordinators, one etcd; on a later start: as they are. */
  readonly size?: Partial<ClusterSize>;
  /** Port of the first broker's listener for clients, the other brokers' follow it; 0, the default: free ones, kept for later starts. */
  readonly port?: number;
  readonly flags?: ServiceFlags;
  /** Members that don't run as plain processes on the loopback. */
  readonly places?: MemberPlaces;
  /** Longest wait for each step of the start; default two minutes. */
  readonly readyTimeoutMs?: number;
}

/** How far the start has come. */
export interface StartProgress {
  readonly kind: MemberKind;
  readonly ready: number;
  readonly total: number;
}

export interface UpOptions {
  /** Ends the start; what it started is stopped. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: StartProgress) => void;
}

/** What became of a member that was to end. */
export interface MemberEnding {
  readonly name: string;
  readonly how: 'stopped' | 'killed' | 'not running';
}

export interface StopOptions {
  /** kill -9 at once. Default false. */
  readonly force?: boolean;
  /** Between asking and killing; default 35 s, longer than a service's own limit. */
  readonly graceMs?: number;
}

const READY_TIMEOUT_MS = 120_000;
const STOP_GRACE_MS = 35_000;
/** For a start that failed or was given up: nothing has been acknowledged to anybody yet. */
const WITHDRAWAL_GRACE_MS = 5_000;
/** What the kernel may take to end a killed process. */
const KILL_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/**
 * A cluster of real processes on this machine, on the loopback: etcd, coordinators and brokers. They outlive the process
 * that started them; `cluster.json` says where they are.
 */
export class LocalCluster {
  /** Absolute. */
  readonly directory: string;
  readonly #flags: ServiceFlags;
  readonly #places: MemberPlaces;
  readonly #readyTimeoutMs: number;
  #members: readonly Member[];

  private constructor(options: LocalClusterOptions, members: readonly Member[]) {
    this.directory = resolve(options.directory);
    this.#flags = options.flags ?? {};
    this.#places = options.places ?? (() => undefined);
    this.#readyTimeoutMs = options.readyTimeoutMs ?? READY_TIMEOUT_MS;
    this.#members = members;
  }

  /**
   * The cluster of this directory, or a new one; nothing is started.
   *
   * @throws MoldauError INVALID_CONFIG: the cluster there has another size or port; DATA_DIRECTORY_UNUSABLE
   */
  static async open(options: LocalClusterOptions): Promise<LocalCluster> {
    const { size = {}, port = 0 } = options;
    makeDirectory(join(options.directory, 'logs'));
    const known = readClusterFile(options.directory);
    if (known !== undefined) {
      assertSameLayout(known, size, port);
      return new LocalCluster(options, known);
    }
    const members = await createLayout({ ...CLUSTER_SIZE_DEFAULT, ...size }, port, options.places);
    writeClusterFile(options.directory, members);
    return new LocalCluster(options, members);
  }

  /** The cluster of this directory; undefined when there is none. @throws MoldauError DATA_DIRECTORY_UNUSABLE */
  static find(directory: string): LocalCluster | undefined {
    const known = readClusterFile(directory);
    return known === undefined ? undefined : new LocalCluster({ directory }, known);
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** `host:port,…` of all brokers. */
  get bootstrap(): string {
    return addressesOf(this.#members, 'broker');
  }

  logPath(name: string): string {
    return join(this.directory, 'logs', `${name}.log`);
  }

  /**
   * Starts what does not run, and resolves when everything is ready. When that fails, what it started is stopped again.
   *
   * @throws MoldauError PROCESS_NOT_STARTED, CANCELLED
   */
  async up(options: UpOptions = {}): Promise<void> {
    // All commands first: nothing is started when a program is missing.
    const commands = this.#members.filter((member) => !isRunning(member.process)).map((member) => [member, this.#command(member)] as const);
    const started: string[] = [];
    try {
      for (const kind of MEMBER_KINDS) {
        for (const [{ name }, command] of commands.filter(([member]) => member.kind === kind)) {
          started.push(name);
          await this.#launch(name, command);
        }
        await this.#allReady(kind, options);
      }
    } catch (error) {
      for (const kind of MEMBER_KINDS.toReversed()) {
        const names = this.#ofKind(kind).flatMap(({ name }) => (started.includes(name) ? [name] : []));
        await Promise.all(names.map((name) => this.stop(name, { graceMs: WITHDRAWAL_GRACE_MS })));
      }
      throw error;
    }
  }

  /** Ends everything: brokers first, then coordinators, then etcd. What is down already stays so. */
  async down(options: StopOptions = {}): Promise<readonly MemberEnding[]> {
    const endings: MemberEnding[] = [];
    for (const kind of MEMBER_KINDS.toReversed()) {
      endings.push(...(await Promise.all(this.#ofKind(kind).map(({ name }) => this.stop(name, options)))));
    }
    return endings;
  }

  /** Starts one member and waits until it is ready. @throws MoldauError PROCESS_NOT_STARTED */
  async start(name: string): Promise<void> {
    const member = this.#member(name);
    assert(!isRunning(member.process), 'a member runs once', { name });
    await this.#launch(name, this.#command(member));
    await this.#ready(name, new AbortController().signal);
  }

  /** Ends one member. */
  async stop(name: string, options: StopOptions = {}): Promise<MemberEnding> {
    const { process } = this.#member(name);
    if (!isRunning(process)) {
      this.#save(name, null);
      return { name, how: 'not running' };
    }
    const asked = options.force !== true && sendSignal(process, 'SIGTERM');
    if (asked) sendSignal(process, 'SIGCONT'); // one that is paused would never hear of it
    const stopped = asked && (await hasEnded(process, options.graceMs ?? STOP_GRACE_MS));
    if (!stopped) {
      sendSignal(process, 'SIGKILL');
      if (!(await hasEnded(process, KILL_TIMEOUT_MS))) throw unending(name, process);
    }
    this.#save(name, null);
    return { name, how: stopped ? 'stopped' : 'killed' };
  }

  /** Sends a signal to one member; false when it does not run. */
  signal(name: string, signal: NodeJS.Signals): boolean {
    return sendSignal(this.#member(name).process, signal);
  }

  #command(member: Member): MemberCommand {
    const command = memberCommand(member, this.#members, this.directory, this.#flags);
    return this.#places(member.name)?.inside?.(command) ?? command;
  }

  async #launch(name: string, command: MemberCommand): Promise<void> {
    this.#save(name, await launch(command, this.logPath(name), this.directory));
  }

  async #allReady(kind: MemberKind, { signal, onProgress }: UpOptions): Promise<void> {
    const members = this.#ofKind(kind);
    const failed = new AbortController();
    const ending = signal === undefined ? failed.signal : AbortSignal.any([failed.signal, signal]);
    let ready = 0;
    onProgress?.({ kind, ready, total: members.length });
    try {
      await Promise.all(
        members.map(async ({ name }) => {
          await this.#ready(name, ending);
          ready += 1;
          onProgress?.({ kind, ready, total: members.length });
        }),
      );
    } finally {
      failed.abort(); // the others need not be waited for
    }
  }

  #ready(name: string, signal: AbortSignal): Promise<void> {
    return awaitReady(this.#member(name), { logPath: this.logPath(name), timeoutMs: this.#readyTimeoutMs, signal });
  }

  #ofKind(kind: MemberKind): readonly Member[] {
    return this.#members.filter((member) => member.kind === kind);
  }

  #member(name: string): Member {
    const member = this.#members.find((each) => each.name === name);
    assert(member !== undefined, 'a member of the cluster', { name });
    return member;
  }

  /** At once, so that also a launcher that is killed leaves nothing that `down` does not find. */
  #save(name: string, process: ProcessIdentity | null): void {
    this.#members = this.#members.map((member) => (member.name === name ? { ...member, process } : member));
    writeClusterFile(this.directory, this.#members);
  }
}

async function hasEnded(process: ProcessIdentity | null, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isRunning(process)) {
    if (performance.now() >= deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function unending(name: string, process: ProcessIdentity | null): MoldauError {
  const facts = { process: name, pid: String(process?.pid) };
  return new MoldauError('INTERNAL', `${name} was killed and has not ended within ${KILL_TIMEOUT_MS} ms`, facts);
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new MoldauError('DATA_DIRECTORY_UNUSABLE', `${path} can't be made: ${String(error)}`, { path }, { cause: error });
  }
}
