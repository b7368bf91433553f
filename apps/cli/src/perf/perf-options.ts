import type { CompressionName } from '@moldau/client';
import { COMPRESSION_NAMES } from '@moldau/client';
import { type Command, Option } from 'commander';
import type { ConnectionOptions } from '../context.ts';
import { type AcksOption, acks, wholeNumber } from '../input/values.ts';

export interface PerfOptions extends ConnectionOptions {
  readonly topic: string;
  readonly records: number;
  readonly size: number;
  readonly throughput: number;
  readonly acks: AcksOption;
  readonly compression: CompressionName;
}

/** The options that produce, consume and latency share. */
export function addPerfOptions(command: Command, records: number): Command {
  return command
    .requiredOption('--topic <name>', 'the topic; it must exist')
    .option('--records <n>', 'how many records', wholeNumber(1, Number.MAX_SAFE_INTEGER), records);
}

export function addProducerOptions(command: Command, acksDefault: AcksOption): Command {
  return command
    .option('--size <bytes>', 'size of each value', wholeNumber(1, 1024 * 1024), 100)
    .option('--acks <acks>', '0, 1 or all', acks, acksDefault)
    .addOption(new Option('--compression <codec>', 'how batches are compressed').choices(COMPRESSION_NAMES).default('none'));
}
