import { Moldau, parseClientOptions } from '@moldau/client/core';
import { compress, decompress } from '@moldau/records';
import { SimCompute, type SimProcess } from '@moldau/testkit';
import { traceLogger } from '../run/trace-logger.ts';
import type { NodeDeps } from './node-deps.ts';

/** How long a client waits for the answer to one call: shorter than the default, for more retries in a short run. */
const REQUEST_TIMEOUT_MS = 3_000;

/** One life of a program. */
interface Life {
  readonly process: SimProcess;
  readonly moldau: Moldau;
}

/** A program that uses the SDK, on a machine of its own. It runs from when it is made. */
export class ClientNode {
  readonly name: string;
  readonly #bootstrap: readonly string[];
  readonly #deps: NodeDeps;
  #life: Life;
  #stopped = false;
  /** What the program does in each of its lives. */
  #program: ((life: number) => void) | undefined;
  #lives = 1;

  constructor(name: string, bootstrap: readonly string[], deps: NodeDeps) {
    this.name = name;
    this.#bootstrap = bootstrap;
    this.#deps = deps;
    this.#life = this.#begin();
  }

  get process(): SimProcess {
    return this.#life.process;
  }

  get moldau(): Moldau {
    return this.#life.moldau;
  }

  /** Runs a program now, and again in each life to come; it is told the number of the life, from 1. */
  run(program: (life: number) => void): void {
    this.#program = program;
    if (!this.#stopped) program(this.#lives);
  }

  /** kill -9: what it awaits never comes. */
  stop(): void {
    if (this.#stopped) return;
    this.#deps.trace.note(this.name, 'is killed');
    this.#stopped = true;
    this.#life.process.stop();
    this.#deps.network.kill(this.name);
  }

  /** Begins another life; nothing happens while one lasts. */
  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#lives += 1;
    this.#deps.trace.note(this.name, 'starts');
    this.#life = this.#begin();
    this.#program?.(this.#lives);
  }

  #begin(): Life {
    const { scheduler, network, trace, random } = this.#deps;
    const process = scheduler.createProcess();
    const { clock, scheduler: turns } = process;
    const { connector } = network.node(this.name, turns);
    const compute = new SimCompute({ codecs: { compress, decompress }, scheduler: turns, latency: () => 1 });
    const settings = parseClientOptions({
      bootstrap: this.#bootstrap,
      clientId: this.name,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      logger: traceLogger(trace, this.name),
      onStatus: (status) => trace.log(this.name, JSON.stringify(status)),
    });
    return { process, moldau: new Moldau({ clock, scheduler: turns, random, compute, connector, logger: settings.logger }, settings) };
  }
}
