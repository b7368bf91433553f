import { fileURLToPath } from 'node:url';
import { type Consumer, type Moldau, serdes } from '@moldau/client';
import { type Child, startChild } from '@moldau/harness';
import type { Fault } from '../nemesis/fault.ts';

const PROGRAM = fileURLToPath(new URL('../programs/copier.ts', import.meta.url));

/** What is copied, and where to. */
export interface CopyTopics {
  readonly input: string;
  readonly output: string;
  readonly inputPartitions: number;
  readonly outputPartitions: number;
  /** Of the input, in all. */
  readonly records: number;
}

/** A program that copies, in a process of its own. */
export class CopierProcess {
  readonly name: string;
  readonly #parameters: readonly string[];
  #child: Child;

  constructor(name: string, bootstrap: string, { input, output, outputPartitions }: CopyTopics) {
    this.name = name;
    this.#parameters = [PROGRAM, bootstrap, input, output, name, String(outputPartitions)];
    this.#child = this.#start();
  }

  /** What it said, for a failure's message. */
  get log(): string {
    return this.#child.stderr();
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }

  /** kill -9 or SIGTERM, by `signal`; another life of it begins when the fault ends. */
  fault(signal: 'SIGKILL' | 'SIGTERM'): Fault {
    return {
      name: signal === 'SIGKILL' ? 'kill' : 'stop',
      targets: [this.name],
      begin: async () => {
        if (signal === 'SIGTERM') {
          await this.#child.stop();
          return;
        }
        this.#child.kill('SIGKILL');
        await this.#child.ended;
      },
      end: async () => {
        this.#child = this.#start();
      },
    };
  }

  #start(): Child {
    return startChild({ command: process.execPath, arguments: [...this.#parameters] });
  }
}

/** Reads the copy as it comes, committed records only, and notes what is there twice or out of order. */
export class CopyReader {
  /** What is wrong with the copy, in words; the first only. */
  wrong: string | undefined;
  readonly #consumer: Consumer<string, string>;
  readonly #seen = new Set<string>();
  readonly #last = new Map<string, number>();
  readonly #running: Promise<void>;

  constructor(moldau: Moldau, { output }: CopyTopics) {
    this.#consumer = moldau.consumer({
      assignment: [{ topic: output }],
      isolation: 'read_committed',
      keyDeserializer: serdes.string,
      valueDeserializer: serdes.string,
    });
    this.#running = this.#read();
    this.#running.catch((error: unknown) => this.#note(`the reader failed: ${String(error)}`));
  }

  /** Different records so far. */
  get count(): number {
    return this.#seen.size;
  }

  async close(): Promise<void> {
    await this.#consumer.close();
    await this.#running.catch(() => {});
  }

  async #read(): Promise<void> {
    for await (const { partition, offset, value } of this.#consumer) {
      const [from = '', sequence = ''] = (value ?? '').split(':');
      const where = `offset ${offset} of partition ${partition}`;
      if (this.#seen.has(`${from}:${sequence}`)) this.#note(`record ${from}:${sequence} is there twice, again at ${where}`);
      this.#seen.add(`${from}:${sequence}`);
      const way = `${from} to ${partition}`;
      const before = this.#last.get(way) ?? -1;
      if (Number(sequence) <= before) this.#note(`record ${from}:${sequence} at ${where} comes after ${before} of its partition`);
      this.#last.set(way, Number(sequence));
    }
  }

  #note(what: string): void {
    this.wrong ??= what;
  }
}

/** Makes the topics, and fills the input: record `s` of partition `p` is `p:s:` and a filler. @throws MoldauError */
export async function prepareCopy(moldau: Moldau, topics: CopyTopics): Promise<void> {
  const { input, output, inputPartitions, outputPartitions, records } = topics;
  const configs = { 'min.insync.replicas': '2' };
  const created = await moldau.admin().createTopics([
    { name: input, partitions: inputPartitions, replicationFactor: 3, configs },
    { name: output, partitions: outputPartitions, replicationFactor: 3, configs },
  ]);
  for (const { error } of created) if (error !== undefined) throw error;
  await moldau.admin().alterConfigs([
    {
      resource: { group: `${input}-copiers` },
      changes: [
        { name: 'session.timeout.ms', value: '6000' },
        { name: 'heartbeat.interval.ms', value: '1000' },
      ],
    },
  ]);
  const producer = moldau.producer({ acks: 'all' });
  const filler = 'x'.repeat(100);
  const sends = Array.from({ length: records }, (_, at) => {
    const partition = at % inputPartitions;
    const value = `${partition}:${Math.floor(at / inputPartitions)}:${filler}`;
    return producer.send({ topic: input, partition, value: new TextEncoder().encode(value) });
  });
  await Promise.all(sends);
  await producer.close();
}
