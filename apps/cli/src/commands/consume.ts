import type { ConsumedRecord, ConsumerBatch, Moldau, StartPosition } from '@moldau/client';
import { type Command, InvalidArgumentError } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { startPosition } from '../input/start-position.ts';
import { wholeNumber } from '../input/values.ts';
import { compileRecordFormat, FORMAT_HELP } from '../output/record-format.ts';
import { recordToJson } from '../output/record-json.ts';

/** Output is gathered up to this size before it is written: one write for each record would be slow. */
const OUTPUT_CHUNK_BYTES = 64 * 1024;

interface Options extends ConnectionOptions {
  readonly from: StartPosition;
  readonly partition?: number;
  readonly group?: string;
  readonly max?: number;
  readonly exitAtEnd: boolean;
  readonly format: string;
}

type RawRecord = ConsumedRecord<Uint8Array | null, Uint8Array | null>;

export function registerConsume(program: Command, context: CommandContext): void {
  program
    .command('consume')
    .description('print the records of a topic')
    .argument('<topic>', 'the topic')
    .option(
      '--from <position>',
      'earliest, latest, an offset, an ISO time, or @ with milliseconds since the Unix epoch',
      startPosition,
      'latest',
    )
    .option('--group <group>', 'read as a member of this group: from where it left off, else --from, and commit what is printed')
    .option('--partition <n>', 'only this partition (default: all)', wholeNumber(0, 0x7fff_ffff))
    .option('--max <n>', 'stop after this many records', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--exit-at-end', 'stop at what is the end of the topic now', false)
    .option('-f, --format <format>', `how a record is printed; nothing is appended: ${FORMAT_HELP}`, recordFormat, '%v\\n')
    .action((topic: string, _local: unknown, command: Command) => consume(context, topic, optionsOf<Options>(command)));
}

/** A format that can be compiled: a wrong one is a wrong command line, told before anybody is asked for records. */
function recordFormat(text: string): string {
  compileRecordFormat(text);
  return text;
}

async function consume(context: CommandContext, topic: string, options: Options): Promise<void> {
  const render = options.output === 'json' ? jsonLine : compileRecordFormat(options.format);
  await context.withClient(options, async (moldau) => {
    const reader = openReader(context, moldau, topic, options);
    const output = new GatheredOutput(context);
    let left = options.max ?? Number.POSITIVE_INFINITY;
    try {
      for await (const batch of reader.batches()) {
        let next: number = batch.firstOffset;
        for (const record of batch.records) {
          if (left-- <= 0) break;
          await output.add(render(record));
          next = record.offset + 1;
        }
        await output.flush();
        if (left > 0) continue;
        await reader.commit?.([{ topic, partition: batch.partition, offset: next }]);
        break;
      }
    } finally {
      await reader.close();
    }
    context.terminal.signal.throwIfAborted(); // an interrupted consumer just ends; the shell is told
  });
}

interface Reader {
  batches(): AsyncIterable<ConsumerBatch>;
  /** Of a member of a group. */
  commit?(offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]): Promise<void>;
  close(): Promise<void>;
}

function openReader(context: CommandContext, moldau: Moldau, topic: string, options: Options): Reader {
  const { signal } = context.terminal;
  const { group, from, partition, exitAtEnd } = options;
  if (group === undefined) {
    const assignment = { topic, from, ...(partition === undefined ? {} : { partition }) };
    return moldau.consumer({ assignment: [assignment], stopAtEnd: exitAtEnd, signal });
  }
  if (partition !== undefined || exitAtEnd) throw new InvalidArgumentError('--group goes with neither --partition nor --exit-at-end.');
  if (typeof from === 'object' && 'offset' in from) throw new InvalidArgumentError('--group begins at no offset: see group reset-offsets.');
  return moldau.consumer({ group, topics: [topic], from, signal });
}

function jsonLine(record: RawRecord): Uint8Array {
  return Buffer.from(`${JSON.stringify(recordToJson(record))}\n`);
}

class GatheredOutput {
  readonly #context: CommandContext;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  async add(piece: Uint8Array): Promise<void> {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes >= OUTPUT_CHUNK_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#bytes === 0) return;
    const chunk = Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    await this.#context.terminal.write(chunk);
  }
}
