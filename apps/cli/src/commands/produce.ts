import { COMPRESSION_NAMES, type CompressionName, type Moldau, MoldauError, type ProducerRecord } from '@moldau/client';
import { type Command, Option } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { splitLines } from '../input/lines.ts';
import { type AcksOption, acks, collectPairs, wholeNumber } from '../input/values.ts';
import { createCountNote } from '../output/count-note.ts';
import { writeJson } from '../output/format.ts';

/** Longest line read; brokers refuse records above max.message.bytes anyway, this bounds memory before they are asked. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
/** Most records on their way at once: bounds memory when standard input is faster than the cluster. */
const UNANSWERED_MAX = 100_000;
/** The longest that a cluster allows. */
const TRANSACTION_TIMEOUT_MS = 900_000;

interface Options extends ConnectionOptions {
  readonly keySeparator?: string;
  readonly header?: readonly (readonly [string, string])[];
  readonly acks: AcksOption;
  readonly compression: CompressionName;
  readonly partition?: number;
  readonly transactionalId?: string;
}

/** Where the lines go. */
interface Outlet {
  send(record: ProducerRecord<Uint8Array, Uint8Array>): Promise<unknown>;
  /** Resolves when all is published. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

export function registerProduce(program: Command, context: CommandContext): void {
  program
    .command('produce')
    .description('publish each line of standard input as a record; ends with 0 only when all are acknowledged')
    .argument('<topic>', 'the topic')
    .option('--key-separator <text>', 'what parts the key from the value in each line; the first one counts')
    .option('--header <name=value>', 'a header for every record; may be repeated', collectPairs)
    .option(
      '--acks <acks>',
      'when a record counts as published: 0 (checked), 1 (flushed by the leader) or all (on all in-sync replicas)',
      acks,
      'all',
    )
    .addOption(new Option('--compression <codec>', 'how batches are compressed').choices(COMPRESSION_NAMES).default('none'))
    .option('--partition <n>', 'the partition for all records (default: by key, or by turns)', wholeNumber(0, 0x7fff_ffff))
    .addOption(
      new Option(
        '--transactional-id <id>',
        'publish all lines in one transaction of this id: all of them count, or none; at most 15 minutes',
      ).conflicts('acks'),
    )
    .action((topic: string, _local: unknown, command: Command) => produce(context, topic, optionsOf<Options>(command)));
}

async function produce(context: CommandContext, topic: string, options: Options): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const outlet = await openOutlet(moldau, options);
    const note = createCountNote(context.terminal, 'records published');
    let published = 0;
    try {
      published = await publishLines(context, outlet, topic, options, (count) => note.update(count));
    } finally {
      note.stop();
      await outlet.close();
    }
    if (options.output === 'json') await writeJson(context.terminal, { topic, records: published });
  });
}

async function openOutlet(moldau: Moldau, { acks: confirmed, compression, transactionalId }: Options): Promise<Outlet> {
  if (transactionalId === undefined) {
    const producer = moldau.producer({ acks: confirmed, compression });
    return { send: (record) => producer.send(record), finish: () => producer.flush(), close: () => producer.close() };
  }
  const producer = moldau.transactionalProducer({ transactionalId, compression, timeoutMs: TRANSACTION_TIMEOUT_MS });
  const transaction = await producer.begin();
  // Closing aborts what was not committed.
  return { send: (record) => transaction.send(record), finish: () => transaction.commit(), close: () => producer.close() };
}

async function publishLines(
  context: CommandContext,
  outlet: Outlet,
  topic: string,
  options: Options,
  report: (count: number) => void,
): Promise<number> {
  const separator = options.keySeparator === undefined ? undefined : Buffer.from(options.keySeparator);
  const headers = (options.header ?? []).map(([name, value]) => [name, value] as const);
  const partition = options.partition === undefined ? {} : { partition: options.partition };
  const unanswered = new Unanswered(report);
  let line = 0;
  for await (const lines of splitLines(context.terminal.input, LINE_BYTES_MAX)) {
    for (const bytes of lines) {
      line++;
      unanswered.add(outlet.send({ topic, headers, ...partition, ...splitKey(bytes, separator, line) }));
    }
    await unanswered.below(UNANSWERED_MAX);
    context.terminal.signal.throwIfAborted();
  }
  await outlet.finish();
  await unanswered.below(1);
  return line;
}

function splitKey(
  line: Uint8Array,
  separator: Buffer | undefined,
  number: number,
): { readonly key?: Uint8Array; readonly value: Uint8Array } {
  if (separator === undefined) return { value: line };
  const at = Buffer.from(line.buffer, line.byteOffset, line.length).indexOf(separator);
  if (at < 0) throw new RangeError(`line ${number} has no key separator '${separator.toString()}'`);
  return { key: line.subarray(0, at), value: line.subarray(at + separator.length) };
}

/** Counts answers, keeps the first failure, and lets the reader wait while too many are outstanding. */
class Unanswered {
  #outstanding = 0;
  #answered = 0;
  #failure: MoldauError | undefined;
  #limit = 0;
  #wake: (() => void) | undefined;
  readonly #report: (answered: number) => void;

  constructor(report: (answered: number) => void) {
    this.#report = report;
  }

  add(delivery: Promise<unknown>): void {
    this.#outstanding++;
    delivery.then(
      () => this.#settled(),
      (error: unknown) => {
        this.#failure ??= MoldauError.from(error);
        this.#settled();
      },
    );
  }

  /** Resolves when fewer than `limit` are outstanding; rejects with the first failure. */
  async below(limit: number): Promise<void> {
    if (this.#outstanding >= limit && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#limit = limit;
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #settled(): void {
    this.#outstanding--;
    this.#report(++this.#answered);
    if (this.#wake === undefined || (this.#outstanding >= this.#limit && this.#failure === undefined)) return;
    const wake = this.#wake;
    this.#wake = undefined;
    wake();
  }
}
