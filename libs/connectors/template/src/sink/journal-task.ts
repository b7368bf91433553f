import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CommittableOffset,
  type FlushReason,
  jsonText,
  RecordError,
  RetriableError,
  type SinkContext,
  type SinkRecord,
  type SinkTask,
  type StartOffset,
  type TopicPartition,
} from '@moldau/connect';
import type { Counter } from '@moldau/kernel';
import type { JournalConfig } from './journal-config.ts';
import { JournalFile } from './journal-file.ts';

/** Errors that pass: a full disk, too many open files. */
const PASSING = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'EIO']);

/** Writes the partitions that it is given. Calls never overlap. */
export class JournalTask implements SinkTask {
  readonly #config: JournalConfig;
  readonly #files = new Map<string, JournalFile>();
  readonly #lines: Counter;

  constructor(config: JournalConfig, context: SinkContext) {
    this.#config = config;
    this.#lines = context.meter.counter({ name: 'moldau_connector_template_lines_total', help: 'Lines that were written' }).with();
  }

  // Where the target knows how far it is, it says so here, and the group's offsets do not count. Leave it out otherwise.
  async assigned(partitions: readonly TopicPartition[]): Promise<readonly StartOffset[]> {
    await mkdir(this.#config.folder, { recursive: true });
    const starts: StartOffset[] = [];
    for (const partition of partitions) {
      const file = await passing(() => JournalFile.open(join(this.#config.folder, `${keyOf(partition)}.jsonl`)));
      this.#files.set(keyOf(partition), file);
      // An empty journal begins where the group says.
      if (file.nextOffset !== undefined) starts.push({ ...partition, offset: file.nextOffset });
    }
    return starts;
  }

  // May keep records in memory until `flush`. RetriableError: the same records come again after a while. RecordError: this one
  // record is at fault, by its index; nothing of the call may have been written unless writing it twice does no harm.
  async put(records: readonly SinkRecord[], _signal: AbortSignal): Promise<void> {
    for (const [index, record] of records.entries()) {
      if (record.value.value === null) throw new RecordError(index, 'a journal has no place for a record without a value');
    }
    for (const [key, own] of Map.groupBy(records, ({ source }) => keyOf(source))) {
      const lines = own.map((record) => ({ offset: record.offset, text: jsonText(record.value) }));
      await passing(() => this.#file(key).append(lines));
      this.#lines.add(own.length);
    }
  }

  // Makes durable what was put, and says from where on each partition would have to be read again.
  async flush(_reason: FlushReason, _signal: AbortSignal): Promise<readonly CommittableOffset[]> {
    const offsets: CommittableOffset[] = [];
    for (const [key, file] of this.#files) {
      await passing(() => file.sync());
      const [, topic = '', partition = ''] = /^(.+)-(\d+)$/.exec(key) ?? [];
      if (file.nextOffset !== undefined) offsets.push({ topic, partition: Number(partition), offset: file.nextOffset });
    }
    return offsets;
  }

  // `lost`: another task has them already, so nothing may be written for them any more.
  async revoked(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) {
      await this.#files.get(keyOf(partition))?.close();
      this.#files.delete(keyOf(partition));
    }
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
    this.#files.clear();
  }

  #file(key: string): JournalFile {
    const file = this.#files.get(key);
    if (file === undefined) throw new Error(`${key} was not assigned`);
    return file;
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

async function passing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && PASSING.has(String(error.code)))) throw error;
    throw new RetriableError(error.message, { cause: error });
  }
}
