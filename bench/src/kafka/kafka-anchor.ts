import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const COMMAND_TIMEOUT_MS = 600_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

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
 * A script that runs a real Kafka on this machine, as `docs/performance.md` describes it: `up`, `down`, `perf`, `txn-produce` and
 * `latency` with Kafka's own tools behind them.
 */
export class KafkaAnchor {
  readonly #script: string;

  constructor(script: string) {
    this.#script = script;
  }

  async up(): Promise<number> {
    await this.#call('down');
    const startedAt = performance.now();
    await this.#call('up', '1');
    return performance.now() - startedAt;
  }

  async down(): Promise<void> {
    await this.#call('down');
  }

  /** The warm client: idempotent, records per second. */
  async warmProduce(records: number, size: number): Promise<number> {
    return numberIn(await this.#call('txn-produce', String(records), String(size)), /idempotent ([\d,]+) records\/s/);
  }

  /** Kafka's own performance tools, each a fresh process. */
  async perf(records: number, size: number, partitions: number): Promise<KafkaPerf> {
    const output = await this.#call('perf', String(records), String(size), 'all', String(partitions));
    return {
      produce: numberIn(output, /produce: .*? ([\d.]+) records\/sec/),
      consume: numberIn(output, /([\d.]+) records\/sec without the join/),
    };
  }

  async latency(records: number, size: number): Promise<KafkaLatency> {
    const output = await this.#call('latency', String(records), String(size), 'all');
    return { p50Ms: numberIn(output, /50th = ([\d.]+)/), p99Ms: numberIn(output, /99th = ([\d.]+)/) };
  }

  async #call(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(this.#script, args, { timeout: COMMAND_TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX });
    return stdout;
  }
}

function numberIn(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`the anchor printed no figure for ${pattern}:\n${output}`);
  return Number(found.replaceAll(',', ''));
}
