import { type CommittableOffset, jsonText, RetriableError, type SinkContext, type SinkRecord, type SinkTask } from '@moldau/connect';
import type { Counter } from '@moldau/kernel';
import { LineFile } from './line-file.ts';
import type { FileSinkConfig } from './sink-config.ts';

/** Files that one task has open; the one that was opened first is closed for another. */
const OPEN_FILES_MAX = 256;
/** Errors of the disk that pass when someone makes room. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE']);

/** Adds records to files as lines. */
export class FileSinkTask implements SinkTask {
  readonly #config: FileSinkConfig;
  readonly #context: SinkContext;
  readonly #lines: Counter;
  readonly #bytes: Counter;
  readonly #files = new Map<string, LineFile>();
  /** The next offset of each partition, by `topic partition`. */
  readonly #next = new Map<string, CommittableOffset>();

  constructor(config: FileSinkConfig, context: SinkContext) {
    this.#config = config;
    this.#context = context;
    this.#lines = context.meter.counter({ name: 'moldau_connector_file_lines_total', help: 'Lines added to files' }).with();
    this.#bytes = context.meter.counter({ name: 'moldau_connector_file_bytes_total', help: 'Bytes added to files' }).with();
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    // Record by record of one partition in their order; a batch is mostly of one.
    for (const group of groupByPath(records, (record) => this.#pathOf(record))) await this.#append(group.path, group.records);
  }

  async flush(): Promise<readonly CommittableOffset[]> {
    await retriable('sync', async () => {
      for (const file of this.#files.values()) await file.sync();
    });
    const offsets = [...this.#next.values()];
    this.#next.clear();
    return offsets;
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map((file) => file.close()));
  }

  async #append(path: string, records: readonly SinkRecord[]): Promise<void> {
    const bytes = encodeLines(records);
    await retriable(path, async () => {
      const file = await this.#open(path);
      await file.append(bytes);
      if (!file.isFull) return;
      this.#files.delete(path);
      await file.rotate();
    });
    this.#lines.add(records.length);
    this.#bytes.add(bytes.length);
    for (const { source, offset } of records) {
      this.#next.set(`${source.topic} ${source.partition}`, { ...source, offset: offset + 1 });
    }
  }

  async #open(path: string): Promise<LineFile> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const [oldest] = this.#files;
    if (oldest !== undefined && this.#files.size >= OPEN_FILES_MAX) {
      this.#files.delete(oldest[0]);
      await oldest[1].sync();
      await oldest[1].close();
    }
    const options = { path, bytesMax: this.#config['rotate.max.bytes'], filesMax: this.#config['rotate.max.files'] };
    const file = await LineFile.open(options);
    this.#files.set(path, file);
    return file;
  }

  #pathOf({ topic, partition }: SinkRecord): string {
    return this.#config.file
      .replaceAll('${topic}', topic)
      .replaceAll('${partition}', String(partition))
      .replaceAll('${task}', String(this.#context.task));
  }
}

interface PathGroup {
  readonly path: string;
  readonly records: readonly SinkRecord[];
}

/** Runs of records that go to the same file, in their order. */
function groupByPath(records: readonly SinkRecord[], pathOf: (record: SinkRecord) => string): readonly PathGroup[] {
  const groups: { path: string; records: SinkRecord[] }[] = [];
  let last: SinkRecord | undefined;
  for (const record of records) {
    const group = groups.at(-1);
    // The path follows from topic and partition, and those are mostly those of the record before.
    if (group !== undefined && last !== undefined && last.topic === record.topic && last.partition === record.partition) {
      group.records.push(record);
    } else {
      const path = pathOf(record);
      if (group?.path === path) group.records.push(record);
      else groups.push({ path, records: [record] });
    }
    last = record;
  }
  return groups;
}

/** Each value as a line: text and bytes as they are, anything else as JSON, null as an empty line. */
function encodeLines(records: readonly SinkRecord[]): Uint8Array {
  const texts: string[] = [];
  for (const { value } of records) {
    if (typeof value.value === 'string') texts.push(value.value);
    else if (value.value instanceof Uint8Array) return encodeBytes(records);
    else texts.push(value.value === null || value.value === undefined ? '' : jsonText(value));
  }
  texts.push('');
  return Buffer.from(texts.join('\n'));
}

function encodeBytes(records: readonly SinkRecord[]): Uint8Array {
  const newline = Buffer.from('\n');
  const parts = records.flatMap((record) => {
    const { value } = record.value;
    return [value instanceof Uint8Array ? value : encodeLines([record]).subarray(0, -1), newline];
  });
  return Buffer.concat(parts);
}

async function retriable(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && FULL.has(String(error.code))) {
      throw new RetriableError(`${what}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
