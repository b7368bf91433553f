import { startChild } from '@moldau/harness';

/**
 * Longest call to one broker: a million records of 1 KB through a tool that sends 50,000 a second, three times over. To three
 * brokers a call takes 30 to 60 s, or its client and the brokers wait for each other for two minutes and more.
 */
const CALL_TIMEOUT_MS = { 1: 240_000, 3: 150_000 } as const;
/** Three brokers take 20 s on a machine that does nothing else. */
const UP_TIMEOUT_MS = 240_000;
/** After kill -9 the kernel takes a while to take a large process apart, and to give its port back. */
const DEATH_MS = 1000;
/** A call that failed is tried once more, against a broker started anew. */
const ATTEMPTS = 2;
const START_ATTEMPTS = 5;

/** Kafka's figures from its own tools. */
export interface KafkaPerf {
  readonly produce: number;
  /** Without the time it takes to join the group. */
  readonly consume: number;
}

export interface KafkaLatency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * A script that runs a real Kafka on this machine, as `docs/performance.md` describes it. It fails now and then: each call is tried
 * twice, with `down` and `up` between, and answers undefined when that does not help. Then a pair is missing, and the run goes on.
 */
export class KafkaAnchor {
  readonly #script: string;
  readonly #brokers: 1 | 3;
  readonly #say: (line: string) => void;
  #running = false;

  /** With so many brokers; with three, topics have three replicas and `min.insync.replicas` is 2. */
  constructor(script: string, brokers: 1 | 3, say: (line: string) => void) {
    this.#script = script;
    this.#brokers = brokers;
    this.#say = say;
  }

  /** From the start of the broker's process until it listens, in ms, on a broker without data. */
  startUp(): Promise<number | undefined> {
    return this.#attempts('start', async () => {
      await this.#restart();
      await this.#run('kill', '1');
      await new Promise((resolve) => setTimeout(resolve, DEATH_MS));
      const startedAt = performance.now();
      await this.#run('start', '1');
      const tookMs = performance.now() - startedAt;
      await this.stop();
      return tookMs;
    });
  }

  /** The warm client: idempotent, records per second. */
  warmProduce(records: number, size: number): Promise<number | undefined> {
    return this.#figures(['txn-produce', String(records), String(size)], (output) => numberIn(output, /idempotent ([\d,]+) records\/s/));
  }

  /** Consume, transform, produce with offsets in transactions, records per second in both shapes, from the number of larger records. */
  copy(records: number): Promise<{ readonly small: number; readonly large: number } | undefined> {
    return this.#figures(['copy', String(records)], (output) => ({
      large: numberIn(output, /transactions of 100 × [^:]*: ([\d.,]+) records\/s/),
      small: numberIn(output, /transactions of 1,000 × [^:]*: ([\d.,]+) records\/s/),
    }));
  }

  /** Kafka's own performance tools, each a fresh process. */
  perf(records: number, size: number, partitions: number): Promise<KafkaPerf | undefined> {
    return this.#figures(['perf', String(records), String(size), 'all', String(partitions)], (output) => ({
      produce: numberIn(output, /produce: .*? ([\d.]+) records\/sec/),
      consume: numberIn(output, /([\d.]+) records\/sec without the join/),
    }));
  }

  latency(records: number, size: number): Promise<KafkaLatency | undefined> {
    return this.#figures(['latency', String(records), String(size), 'all'], (output) => ({
      p50Ms: numberIn(output, /50th = ([\d.]+)/),
      p99Ms: numberIn(output, /99th = ([\d.]+)/),
    }));
  }

  /** Ends the broker, so that it takes nothing from what is measured without it; the next call starts another one. */
  async stop(): Promise<void> {
    this.#running = false;
    try {
      await this.#run('down');
    } catch (error) {
      this.#say(`  Kafka, down: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #figures<Figures>(call: readonly string[], read: (output: string) => Figures): Promise<Figures | undefined> {
    return this.#attempts(call.join(' '), async () => {
      if (!this.#running) await this.#restart();
      return read(await this.#run(...call));
    });
  }

  async #attempts<Figures>(what: string, once: () => Promise<Figures>): Promise<Figures | undefined> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        return await once();
      } catch (error) {
        this.#running = false;
        this.#say(`  Kafka, ${what}, attempt ${attempt} of ${ATTEMPTS}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return undefined;
  }

  async #restart(): Promise<void> {
    // One that was killed holds its port for as long as the kernel takes to take it apart; a start that failed may have left some.
    for (let attempt = 1; !this.#running; attempt++) {
      await this.#run('down');
      await new Promise((resolve) => setTimeout(resolve, DEATH_MS));
      try {
        await this.#run('up', String(this.#brokers));
        this.#running = true;
      } catch (error) {
        if (attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  /** Runs the script, and ends it with all it started for the call when that takes too long; brokers live in sessions of their own. */
  async #run(...args: readonly string[]): Promise<string> {
    const child = startChild({ command: this.#script, arguments: args, ownGroup: true, environment: wholeEnvironment() });
    const timeoutMs = args[0] === 'up' ? UP_TIMEOUT_MS : CALL_TIMEOUT_MS[this.#brokers];
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const { code } = await child.ended;
    clearTimeout(timer);
    if (late) throw new Error(`no answer within ${timeoutMs} ms`);
    if (code !== 0) throw new Error(`status ${code}: ${child.stderr().trim()}`);
    return child.stdout();
  }
}

/** The script may be told things by the environment. */
function wholeEnvironment(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function numberIn(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`no figure for ${pattern} in: ${output.trim()}`);
  return Number(found.replaceAll(',', ''));
}
