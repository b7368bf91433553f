import {
  assert,
  type DirectoryEntry,
  type Disk,
  DiskError,
  type DiskFile,
  type DiskLock,
  type DiskSpace,
  type FileStatus,
  type Random,
  type Scheduler,
} from '@moldau/kernel';
import { type DirectoryNode, DirectoryTree, type FileNode, newFile, type Place, splitPath } from './directory-tree.ts';
import { DiskFaults, type DiskOperation } from './disk-faults.ts';
import { type DiskHold, type DiskLatency, DiskQueue } from './disk-queue.ts';
import { type FileHost, SimDiskFile } from './sim-disk-file.ts';
import { newStats, type SimDiskStats } from './sim-disk-stats.ts';

export interface SimDiskOptions {
  /** Completes calls in its time; default: each call completes some microtasks later. */
  readonly scheduler?: Scheduler;
  /** Milliseconds per call with a scheduler; default 0. */
  readonly latency?: DiskLatency;
  /** Default 1 TiB. */
  readonly capacityBytes?: number;
  /** Files open at once; one more rejects `too-many-files`. Default no limit. */
  readonly maxOpenFiles?: number;
}

interface SurvivingState {
  readonly tree: DirectoryTree;
  readonly faults: DiskFaults;
}

const CAPACITY_BYTES = 2 ** 40;

/**
 * The port `Disk` in memory, with the durability that the port promises and no more: see `crash`, `kill` and `faults`.
 * After either the old object is the disk of a dead process: its calls never settle.
 */
export class SimDisk implements Disk {
  /** What fails. */
  readonly faults: DiskFaults;
  readonly stats: SimDiskStats = newStats();
  /** Bytes in all; may be changed at any moment. */
  capacityBytes: number;
  /** May be changed at any moment. */
  maxOpenFiles: number;
  readonly #options: SimDiskOptions;
  readonly #tree: DirectoryTree;
  readonly #queue: DiskQueue;
  readonly #host: FileHost;
  readonly #locks = new Set<string>();
  #usedBytes = 0;

  /** `state`: what `crash` and `kill` hand on; a new disk is empty. */
  constructor(options: SimDiskOptions = {}, state: SurvivingState = { tree: new DirectoryTree(), faults: new DiskFaults() }) {
    this.#options = options;
    this.capacityBytes = options.capacityBytes ?? CAPACITY_BYTES;
    this.maxOpenFiles = options.maxOpenFiles ?? Number.POSITIVE_INFINITY;
    this.faults = state.faults;
    this.#tree = state.tree;
    this.#queue = new DiskQueue(this.faults, options.scheduler, options.latency ?? (() => 0));
    this.#usedBytes = this.#tree.files().reduce((sum, file) => sum + file.content.size, 0);
    this.#host = this.#createHost();
  }

  /** Calls that have not completed. */
  get inFlight(): number {
    return this.#queue.inFlight;
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    return this.#run('open', path, () => {
      if (this.stats.openFiles >= this.maxOpenFiles) throw new DiskError('too-many-files', 'open', path);
      if (mode !== 'read' && this.faults.readOnly) throw new DiskError('read-only', 'open', path);
      const node = mode === 'create' ? this.#createFile(path) : this.#file('open', path);
      this.stats.openFiles++;
      return new SimDiskFile(this.#host, node, path, mode !== 'read');
    });
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#run('makeDirectory', path, () => this.#tree.makeDirectory(path));
  }

  async list(path: string): Promise<readonly DirectoryEntry[]> {
    return this.#run('list', path, () => [...this.#directory('list', path).entries].map(([name, node]) => ({ name, kind: node.kind })));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#run('rename', from, () => {
      const source = this.#tree.place('rename', from);
      const target = this.#tree.place('rename', to);
      if (source.node === undefined) throw new DiskError('not-found', 'rename', from);
      if (source.node === target.node) return;
      this.#checkReplace(source.node.kind, target, to);
      this.#tree.rename(source, target, source.node);
      if (target.node?.kind === 'file') this.#forget(target.node);
    });
  }

  async removeFile(path: string): Promise<void> {
    await this.#run('removeFile', path, () => {
      const place = this.#tree.place('removeFile', path);
      const node = this.#file('removeFile', path);
      this.#tree.unlink(place.directory, place.name, node);
      this.#forget(node);
    });
  }

  async removeTree(path: string): Promise<void> {
    await this.#run('removeTree', path, () => {
      const place = this.#tree.place('removeTree', path);
      const node = this.#directory('removeTree', path);
      this.#removeEntries(node);
      this.#tree.unlink(place.directory, place.name, node);
    });
  }

  async syncDirectory(path: string): Promise<void> {
    const covered = this.#tree.waiting();
    await this.#run('syncDirectory', path, () => {
      this.#tree.commit(this.#directory('syncDirectory', path), covered);
      this.stats.directorySyncs++;
    });
  }

  async stat(path: string): Promise<FileStatus | undefined> {
    return this.#run('stat', path, () => {
      const node = this.#tree.find(path);
      if (node === undefined) return undefined;
      return { kind: node.kind, sizeBytes: node.kind === 'file' ? node.content.size : 0 };
    });
  }

  async space(path: string): Promise<DiskSpace> {
    return this.#run('space', path, () => ({
      freeBytes: Math.max(0, this.capacityBytes - this.#usedBytes),
      totalBytes: this.capacityBytes,
    }));
  }

  async lock(path: string): Promise<DiskLock> {
    const key = splitPath(path).join('/');
    return this.#run('lock', path, () => {
      if (this.#locks.has(key)) throw new DiskError('locked', 'lock', path, { detail: 'held by this process' });
      this.#locks.add(key);
      return { release: async () => void this.#locks.delete(key) };
    });
  }

  /**
   * Power loss: a new disk with what was durable. With `torn`, unsynced bytes and names, and calls in flight, may survive
   * in part, as real file systems let them; without, none of them do.
   */
  crash(options: { readonly torn?: Random } = {}): SimDisk {
    this.#queue.stop(options.torn);
    return this.#next(this.#tree.afterPowerLoss(options.torn));
  }

  /** The process is killed: a new disk with all that was written; open files and locks are gone. With `random` calls in flight may have happened. */
  kill(options: { readonly random?: Random } = {}): SimDisk {
    this.#queue.stop(options.random);
    return this.#next(this.#tree.afterKill());
  }

  /** Calls of this operation stop before they complete, until released. */
  hold(operation: DiskOperation): DiskHold {
    return this.#queue.hold(operation);
  }

  /** Flips the bits of `mask` in one byte of a file, wherever it is kept: damage of the medium. */
  corrupt(path: string, position: number, mask: number): void {
    const { content } = this.#file('corrupt', path);
    assert(position < content.size && mask > 0 && mask <= 0xff, 'a fault changes a byte of the file', { path, position, mask });
    content.flip(position, mask);
  }

  /** Cuts a file, durably: damage by an operator or a repair tool. */
  cut(path: string, size: number): void {
    const { content } = this.#file('cut', path);
    this.#usedBytes += size - content.size;
    content.truncate(size);
    content.commit(content.lastSequence);
  }

  /** Paths of all files, in the order of their names; a look from outside, that takes no time and needs no process. */
  paths(): readonly string[] {
    return this.#tree.paths();
  }

  /** Names of the files in a directory, in the order of their making; none when there is no such directory. Takes no time either. */
  fileNames(directory: string): readonly string[] {
    const node = this.#tree.find(directory);
    if (node?.kind !== 'directory') return [];
    return [...node.entries].filter(([, entry]) => entry.kind === 'file').map(([name]) => name);
  }

  /** All bytes of a file as a program would read them now. */
  contents(path: string): Uint8Array {
    const { content } = this.#file('contents', path);
    const bytes = new Uint8Array(content.size);
    content.read(bytes, 0);
    return bytes;
  }

  /** The bytes of a file that a power loss now would leave for sure; whether its name stays is another matter. Valid until the next change. */
  durableContents(path: string): Uint8Array {
    return this.#file('durableContents', path).content.durable;
  }

  #next(tree: DirectoryTree): SimDisk {
    const options: SimDiskOptions = { ...this.#options, capacityBytes: this.capacityBytes, maxOpenFiles: this.maxOpenFiles };
    return new SimDisk(options, { tree, faults: this.faults.afterRestart() });
  }

  async #run<Result>(operation: DiskOperation, path: string, effect: () => Result): Promise<Result> {
    return this.#queue.run({ operation, path, bytes: 0, effect });
  }

  #createFile(path: string): FileNode {
    const place = this.#tree.place('open', path);
    if (place.node !== undefined) throw new DiskError('exists', 'open', path);
    const node = newFile();
    this.#tree.link(place.directory, place.name, node);
    return node;
  }

  #file(operation: string, path: string): FileNode {
    const node = this.#tree.find(path);
    if (node === undefined) throw new DiskError('not-found', operation, path);
    if (node.kind !== 'file') throw new DiskError('io', operation, path, { detail: 'is a directory' });
    return node;
  }

  #directory(operation: string, path: string): DirectoryNode {
    const node = this.#tree.find(path);
    if (node === undefined) throw new DiskError('not-found', operation, path);
    if (node.kind !== 'directory') throw new DiskError('io', operation, path, { detail: 'is not a directory' });
    return node;
  }

  #checkReplace(kind: 'file' | 'directory', target: Place, to: string): void {
    if (target.node === undefined) return;
    if (target.node.kind !== kind) throw new DiskError('io', 'rename', to, { detail: `is a ${target.node.kind}` });
    if (target.node.kind === 'directory' && target.node.entries.size > 0)
      throw new DiskError('exists', 'rename', to, { detail: 'is not empty' });
  }

  #removeEntries(directory: DirectoryNode): void {
    for (const [name, node] of [...directory.entries]) {
      if (node.kind === 'directory') this.#removeEntries(node);
      this.#tree.unlink(directory, name, node);
      if (node.kind === 'file') this.#forget(node);
    }
  }

  /** The space of a file returns when it has neither a name nor an open handle. */
  #forget(node: FileNode): void {
    if (!node.linked && node.openHandles === 0) this.#usedBytes -= node.content.size;
  }

  #createHost(): FileHost {
    return {
      queue: this.#queue,
      checkRead: (path, from, to) => {
        const failure = this.faults.badRead(path, from, to);
        if (failure !== undefined) throw failure;
      },
      room: (bytes) => Math.max(0, Math.min(bytes, this.capacityBytes - this.#usedBytes)),
      grown: (bytes) => {
        this.#usedBytes += bytes;
      },
      count: (counter, bytes) => {
        this.stats[counter]++;
        if (counter === 'reads') this.stats.readBytes += bytes;
        if (counter === 'writes') this.stats.writtenBytes += bytes;
      },
      closed: (node) => {
        this.stats.openFiles--;
        if (node.openHandles > 0) return;
        if (node.content.dirty && node.linked) this.stats.closedDirty++;
        this.#forget(node);
      },
    };
  }
}
