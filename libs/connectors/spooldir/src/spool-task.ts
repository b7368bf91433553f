import {
  type JsonObject,
  RetriableError,
  type SourceBatch,
  type SourceContext,
  type SourcePosition,
  type SourceTask,
} from '@moldau/connect';
import { Archive } from './archive.ts';
import { decoderOf } from './charset.ts';
import { csvFormat } from './csv/csv-format.ts';
import { type FilePosition, formatPosition, partitionOf, positionOf } from './file-position.ts';
import { type FoundFile, isCode } from './folder.ts';
import { OpenSpool, SpoiledFile } from './open-spool.ts';
import { jsonFormat, lineFormat, type RecordFormat } from './record-format.ts';
import type { SpoolConfig } from './spool-config.ts';
import { createSpoolMetrics, type SpoolMetrics } from './spool-metrics.ts';
import { SpoolQueue, type SpoolShare } from './spool-queue.ts';

/** Reads the files of its share, one after another. */
export class SpoolTask implements SourceTask {
  readonly #config: SpoolConfig;
  readonly #context: SourceContext;
  readonly #format: RecordFormat;
  readonly #queue: SpoolQueue;
  readonly #archive: Archive;
  readonly #metrics: SpoolMetrics;
  /** The file that is read now. */
  #open: OpenSpool | undefined;
  /** Files that could not be opened, with the reason; tried again later. */
  readonly #troubles = new Map<string, string>();
  #closed = false;

  constructor(config: SpoolConfig, share: SpoolShare, context: SourceContext) {
    this.#config = config;
    this.#context = context;
    this.#format = formatOf(config);
    this.#queue = new SpoolQueue(config, share, context.clock);
    this.#metrics = createSpoolMetrics(context.meter, () => this.#queue.waiting);
    this.#archive = new Archive(config, context.logger, this.#metrics);
  }

  async poll(signal: AbortSignal): Promise<SourceBatch | undefined> {
    await this.#archive.retry();
    for (;;) {
      if (signal.aborted || this.#closed) return undefined;
      if (this.#open === undefined && !(await this.#openNext())) return this.#idle();
      const batch = await this.#read();
      if (batch !== undefined) return { ...batch, positions: [...batch.positions, ...this.#forgotten()] };
    }
  }

  async written(batch: SourceBatch): Promise<void> {
    for (const { partition, offset } of batch.positions) {
      const { file } = partition;
      const state = offset?.['state'];
      if (typeof file !== 'string' || (state !== 'done' && state !== 'spoiled')) continue;
      const cause = offset?.['cause'];
      await this.#archive.put(file, state, typeof cause === 'string' ? cause : undefined);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#leave();
  }

  async #leave(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.close();
  }

  /** Nothing to read: positions of files that were moved away are forgotten, and the status says what is waited for. */
  #idle(): SourceBatch | undefined {
    const [trouble] = [...this.#archive.troubles, ...this.#troubles.values()];
    this.#context.signalStatus(trouble ?? `waits for files in ${this.#config['input.path']}`);
    this.#troubles.clear();
    const positions = this.#forgotten();
    return positions.length === 0 ? undefined : { records: [], positions };
  }

  #forgotten(): readonly SourcePosition[] {
    return this.#archive.takeMoved().map((name) => ({ partition: partitionOf(name), offset: null }));
  }

  /** Opens the next complete file; false if there is none. */
  async #openNext(): Promise<boolean> {
    for (;;) {
      const file = await this.#nextFile();
      if (file === undefined) return false;
      const stored = positionOf(file, await this.#context.storedOffset(partitionOf(file.name)));
      if (stored !== undefined && stored.state !== 'reading') await this.#archive.put(file.name, stored.state, stored.cause);
      else if (await this.#tryOpen(file, stored)) return true;
    }
  }

  async #nextFile(): Promise<FoundFile | undefined> {
    try {
      return await this.#queue.next((name) => this.#archive.holds(name) || this.#troubles.has(name));
    } catch (error) {
      throw new RetriableError(`input.path ${this.#config['input.path']}: ${messageOf(error)}`, { cause: error });
    }
  }

  async #tryOpen(file: FoundFile, stored: FilePosition | undefined): Promise<boolean> {
    try {
      const decode = decoderOf(this.#config['file.charset']);
      this.#open = await OpenSpool.open(file, {
        config: this.#config,
        format: this.#format,
        decode,
        context: this.#context,
        metrics: this.#metrics,
      });
      this.#open.startAt(stored);
      this.#archive.forgetNot(file.name);
      this.#context.signalStatus(`reads ${file.path}`);
      return true;
    } catch (error) {
      if (isCode(error, 'ENOENT')) return false;
      if (!(error instanceof Error && 'code' in error)) throw error;
      // One file that can't be read holds up no other.
      this.#troubles.set(file.name, `${file.path}: ${error.message}`);
      this.#context.logger.warn('a file can not be read', { path: file.path, cause: error.message });
      return false;
    }
  }

  async #read(): Promise<SourceBatch | undefined> {
    const open = this.#open;
    if (open === undefined) return undefined;
    const { file } = open;
    try {
      const { records, atEnd } = await open.read();
      if (records.length === 0 && !atEnd) return undefined;
      if (atEnd) await this.#leave();
      const state = atEnd ? 'done' : 'reading';
      return this.#batch(file, records, formatPosition(file, open.place, { state }));
    } catch (error) {
      await this.#leave();
      if (!(error instanceof SpoiledFile)) throw new RetriableError(`${file.path}: ${messageOf(error)}`, { cause: error });
      if (!error.isMovable) throw new Error(error.message, { cause: error });
      this.#context.logger.warn('a file is spoiled', { path: file.path, cause: error.message });
      return this.#batch(file, [], formatPosition(file, open.place, { state: 'spoiled', cause: error.message }));
    }
  }

  #batch(file: FoundFile, records: SourceBatch['records'], offset: JsonObject): SourceBatch {
    this.#metrics.records.add(records.length);
    if (offset['state'] !== 'reading') this.#archive.expect(file.name);
    return { records, positions: [{ partition: partitionOf(file.name), offset }] };
  }
}

function formatOf(config: SpoolConfig): RecordFormat {
  switch (config.format) {
    case 'csv':
      return csvFormat(config);
    case 'json':
      return jsonFormat(config);
    case 'line':
      return lineFormat;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
