import { basename } from 'node:path';
import { createNodeDisk } from '@moldau/platform-node';
import { type DecodedRecord, readBatch } from '@moldau/records';
import { describeSegment, type SegmentItem } from '@moldau/storage';
import { type Command, InvalidArgumentError } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import type { OutputFormat } from '../output/format.ts';
import { bytesToJson } from '../output/record-json.ts';

/** A segment is named by its first offset, in twenty digits. */
const SEGMENT_NAME = /^(\d{20})\.log$/;

interface Options {
  readonly output: OutputFormat;
  readonly records: boolean;
}

interface SegmentFile {
  readonly path: string;
  /** The offset in its name. */
  readonly firstOffset: number;
}

type Batch = Extract<SegmentItem, { kind: 'batch' }>;

export function registerLogDump(parent: Command, context: CommandContext): void {
  parent
    .command('dump')
    .description('decode a segment file: its batches, each checked, and with --records what is in them; ends with 1 at the first damage')
    .argument('<file>', 'a .log file of a data directory', segmentFile)
    .option('--records', 'also the records', false)
    .action((file: SegmentFile, _local: unknown, command: Command) => dump(context, file, optionsOf<Options>(command)));
}

function segmentFile(path: string): SegmentFile {
  const digits = SEGMENT_NAME.exec(basename(path))?.[1];
  if (digits === undefined) throw new InvalidArgumentError(`'${path}' is not named like a segment: twenty digits and .log.`);
  return { path, firstOffset: Number(digits) };
}

async function dump(context: CommandContext, { path, firstOffset }: SegmentFile, options: Options): Promise<void> {
  for await (const item of describeSegment(createNodeDisk(), path, firstOffset)) {
    if (item.kind === 'damage') throw new RangeError(`${path} is damaged at position ${item.position}: ${item.reason}`);
    await context.terminal.write(
      options.output === 'json' ? `${JSON.stringify(batchToJson(item, options.records))}\n` : batchToText(item, options.records),
    );
  }
}

function batchToJson({ position, header, bytes }: Batch, records: boolean): unknown {
  return { position, ...header, ...(records ? { records: [...readBatch(bytes)].map(recordToJson) } : {}) };
}

function recordToJson(record: DecodedRecord): Record<string, unknown> {
  return {
    offset: record.offset,
    timestampMs: record.timestamp,
    ...bytesToJson('key', record.key),
    ...bytesToJson('value', record.value),
    headers: record.headers.map(({ key, value }) => ({ name: key, ...bytesToJson('value', value) })),
  };
}

function batchToText(batch: Batch, records: boolean): string {
  const { position, header } = batch;
  const fields = Object.entries(header)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${String(value)}`);
  const lines = [`@${position} ${fields.join(' ')}`];
  if (records) for (const record of readBatch(batch.bytes)) lines.push(`  ${JSON.stringify(recordToJson(record))}`);
  return `${lines.join('\n')}\n`;
}
