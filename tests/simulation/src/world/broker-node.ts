import { type Broker, createBroker } from '@moldau/broker';
import { brokerId, type Disk, MoldauError, silentMeter } from '@moldau/kernel';
import { compress, decompress } from '@moldau/records';
import { SeededIds, SimCompute, SimDisk, type SimProcess } from '@moldau/testkit';
import type { BrokerMutation } from '../mutation/mutation.ts';
import { traceLogger } from '../run/trace-logger.ts';
import type { BrokerSetup } from '../scenario/scenario.ts';
import type { Ending, NodeDeps } from './node-deps.ts';

export const CLIENT_PORT = 9092;
export const INTERNAL_PORT = 9093;
/** Where a broker keeps its data on its own disk. */
export const DATA_DIRECTORY = '/data';

/** Size of each broker's disk. */
export const DISK_BYTES = 2 ** 30;

/** A supervisor starts a process that ended by itself after this long. */
const SUPERVISOR_MS = 500;
/** Fastest and slowest of a healthy disk, in ms: a write into the page cache, and a flush. */
const WRITE_MS = [0.02, 0.1] as const;
const SYNC_MS = [0.2, 2] as const;

export interface BrokerNodeDeps extends NodeDeps {
  readonly coordinators: readonly string[];
  /** Stands between the broker and its disk: where a planted bug lives. */
  readonly mutateDisk: (disk: Disk) => Disk;
  /** Stands around each of its lives, likewise. */
  readonly mutateBroker: () => BrokerMutation;
  /** Revision of the metadata store now. */
  readonly revision: () => number;
}

/** One life of a broker's process. */
interface Life {
  readonly process: SimProcess;
  readonly broker: Broker;
  /** Revision of the metadata store when it began: its registration has a higher one. */
  readonly startRevision: number;
}

/** A broker's machine: its disk outlives its processes. */
export class BrokerNode {
  readonly id: number;
  readonly name: string;
  disk: SimDisk;
  /** Added to each call of the disk, in ms. */
  slowDiskMs = 0;
  /** Others that have filled the disk and not gone yet. */
  fills = 0;
  /** The page cache may show what the disk lacks since a flush failed; only a reboot makes them agree. */
  needsReboot = false;
  /**
   * Revision of the metadata store when the first process began on a disk that replaced another; infinite until one does, undefined while
   * none was replaced. Before that only an earlier life can register, late: it speaks of the disk that is gone.
   */
  replacedAt: number | undefined;
  readonly #deps: BrokerNodeDeps;
  readonly #setup: BrokerSetup;
  #life: Life | undefined;
  #off = false;
  /** Started while it was shutting down: it comes back when that is over. */
  #comesBack = false;
  #shuttingDown = false;

  constructor(id: number, setup: BrokerSetup, deps: BrokerNodeDeps) {
    this.id = id;
    this.name = `broker-${id}`;
    this.#setup = setup;
    this.#deps = deps;
    this.disk = this.#newDisk();
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  get broker(): Broker | undefined {
    return this.#life?.broker;
  }

  get startRevision(): number | undefined {
    return this.#life?.startRevision;
  }

  get process(): SimProcess | undefined {
    return this.#life?.process;
  }

  /** Starts the process; nothing happens while it runs. */
  start(): void {
    this.#comesBack = this.#shuttingDown;
    if (this.#life !== undefined) return;
    const { scheduler, network, cuts, trace, names } = this.#deps;
    if (this.#off) {
      // The machine is back: its kernel refuses what is left of old connections.
      this.#off = false;
      network.kill(this.name);
      for (const other of names()) this.#eachWay(other, (from, to) => cuts.mend(from, to));
    }
    if (this.replacedAt === Number.POSITIVE_INFINITY) this.replacedAt = this.#deps.revision();
    const process = scheduler.createProcess();
    const broker = this.#createBroker(process);
    const life: Life = { process, broker, startRevision: this.#deps.revision() };
    this.#life = life;
    trace.note(this.name, 'starts');
    const ended = (error: unknown): void => {
      // A start that a shutdown interrupts fails too; the shutdown goes on to its end.
      if (this.#life !== life || this.#shuttingDown) return;
      trace.note(this.name, `ends by itself: ${MoldauError.from(error).reason}`);
      this.stop('kill');
      scheduler.after(SUPERVISOR_MS, () => this.start());
    };
    broker.onFatal(ended);
    broker.start().catch(ended);
  }

  stop(ending: Ending): void {
    const life = this.#life;
    if (life === undefined) return;
    const { network, cuts, trace, random, names } = this.#deps;
    const power = ending === 'power' || this.needsReboot;
    trace.note(this.name, power ? 'loses its power' : 'is killed');
    this.#life = undefined;
    this.#shuttingDown = false;
    life.process.stop();
    if (power) {
      this.#off = true;
      this.needsReboot = false;
      for (const other of names()) this.#eachWay(other, (from, to) => cuts.cut(from, to));
      this.disk = this.disk.crash({ torn: random });
    } else {
      network.kill(this.name);
      this.disk = this.disk.kill({ random });
    }
  }

  /** The machine loses its power, whether a process runs on it or not. */
  reboot(): void {
    if (this.#life !== undefined) {
      this.stop('power');
      return;
    }
    this.needsReboot = false;
    this.disk = this.disk.crash({ torn: this.#deps.random });
  }

  /** The disk is replaced by an empty one. */
  replaceDisk(): void {
    this.#deps.trace.note(this.name, 'gets an empty disk');
    this.disk = this.#newDisk();
    this.replacedAt = Number.POSITIVE_INFINITY;
  }

  /** Stops as an operator stops it; the process is gone afterwards. */
  async shutdown(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    this.#deps.trace.note(this.name, 'is shut down');
    this.#shuttingDown = true;
    await life.broker.shutdown();
    if (this.#life !== life) return;
    this.stop('kill');
    if (this.#comesBack) this.start();
  }

  #eachWay(other: string, act: (from: string, to: string) => void): void {
    if (other === this.name) return;
    act(this.name, other);
    act(other, this.name);
  }

  #newDisk(): SimDisk {
    const { random } = this.#deps;
    const between = ([from, to]: readonly [number, number]): number => from + random.fraction() * (to - from);
    return new SimDisk({
      capacityBytes: DISK_BYTES,
      // A call completes in the process that made it: a paused one learns of it when it goes on.
      scheduler: {
        nextTurn: (callback) => this.#life?.process.scheduler.nextTurn(callback),
        after: (delayMs, callback, options) => this.#life?.process.scheduler.after(delayMs, callback, options) ?? { cancel: () => {} },
      },
      latency: (operation) => between(operation === 'sync' || operation === 'syncDirectory' ? SYNC_MS : WRITE_MS) + this.slowDiskMs,
    });
  }

  #createBroker(process: SimProcess): Broker {
    const { network, trace, random, coordinators, mutateDisk, mutateBroker } = this.#deps;
    const { clock, scheduler } = process;
    const node = network.node(this.name, scheduler);
    const own = random.fork();
    const bug = mutateBroker();
    const broker = createBroker(
      {
        disk: mutateDisk(this.disk),
        clock,
        scheduler,
        random: own,
        ids: new SeededIds(own),
        compute: new SimCompute({ codecs: { compress, decompress }, scheduler, latency: () => 1 }),
        connector: bug.connector?.(node.connector) ?? node.connector,
        logger: traceLogger(trace, this.name),
        meter: silentMeter,
        wrapLogs: bug.logs,
      },
      {
        brokerId: brokerId(this.id),
        dataDirectory: DATA_DIRECTORY,
        coordinators,
        endpoints: () =>
          new Map([
            ['client', { host: this.name, port: CLIENT_PORT }],
            ['internal', { host: this.name, port: INTERNAL_PORT }],
          ]),
        storage: this.#setup.storage,
      },
    );
    node.serve(CLIENT_PORT, 'client', bug.clientHandlers?.(broker.clientHandlers) ?? broker.clientHandlers);
    node.serve(INTERNAL_PORT, 'internal', bug.internalHandlers?.(broker.internalHandlers) ?? broker.internalHandlers);
    return broker;
  }
}
