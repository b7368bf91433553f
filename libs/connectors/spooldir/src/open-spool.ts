import type { DataHeader, SourceContext, SourceRecord } from '@moldau/connect';
import type { Decode } from './charset.ts';
import type { FoundFile } from './folder.ts';
import type { ParseRecord, RecordFormat } from './record-format.ts';
import type { SpoolConfig } from './spool-config.ts';
import { type FilePlace, type RawRecord, SpoolFile } from './spool-file.ts';
import type { SpoolMetrics } from './spool-metrics.ts';

/** Bad lines of one file that are logged; the others are only counted. */
const BAD_LINES_LOGGED_MAX = 10;
/** Characters of a bad line that an error shows. */
const SHOWN_LENGTH = 200;

/** The file can't be read on. */
export class SpoiledFile extends Error {
  override readonly name = 'SpoiledFile';
  /** It goes to the error folder; else the task fails. */
  readonly isMovable: boolean;

  constructor(message: string, options: { readonly isMovable: boolean; readonly cause: unknown }) {
    super(message, { cause: options.cause });
    this.isMovable = options.isMovable;
  }
}

interface OpenSpoolOptions {
  readonly config: SpoolConfig;
  readonly format: RecordFormat;
  readonly decode: Decode;
  readonly context: SourceContext;
  readonly metrics: SpoolMetrics;
}

/** A file whose records are read. */
export class OpenSpool {
  readonly file: FoundFile;
  readonly #options: OpenSpoolOptions;
  readonly #spool: SpoolFile;
  #from: FilePlace | undefined;
  #parse: ParseRecord | undefined;
  #badLines = 0;

  private constructor(file: FoundFile, spool: SpoolFile, options: OpenSpoolOptions) {
    this.file = file;
    this.#spool = spool;
    this.#options = options;
  }

  /** @throws the system's errors */
  static async open(file: FoundFile, options: OpenSpoolOptions): Promise<OpenSpool> {
    return new OpenSpool(file, await SpoolFile.open(file.path, options.config['line.max.bytes']), options);
  }

  /** Begins behind what was written before; the header is read in any case. */
  startAt(place: FilePlace | undefined): void {
    this.#from = place === undefined ? undefined : { position: place.position, line: place.line };
  }

  get place(): FilePlace {
    return this.#spool.place;
  }

  /** The next records. @throws SpoiledFile at a bad line that is not skipped; the system's errors */
  async read(): Promise<{ readonly records: readonly SourceRecord[]; readonly atEnd: boolean }> {
    const { config, context, format } = this.#options;
    const parse = (this.#parse ??= await this.#openFormat());
    const limits = { records: Math.min(config['batch.size'], context.limits.maxRecords), bytes: context.limits.maxBytes };
    const { records: raw, atEnd } = await this.#spool.read(format.findEnd, limits);
    const records: SourceRecord[] = [];
    for (const each of raw) {
      const record = this.#record(each, parse, records.length);
      if (record === 'after these') {
        this.#spool.seek(each.place);
        return { records, atEnd: false };
      }
      if (record !== undefined) records.push(record);
    }
    return { records, atEnd };
  }

  close(): Promise<void> {
    return this.#spool.close();
  }

  async #openFormat(): Promise<ParseRecord> {
    const { format, decode, config } = this.#options;
    try {
      const parse = await format.open(this.#spool, decode);
      if (this.#from !== undefined) this.#spool.seek(this.#from);
      return parse;
    } catch (error) {
      if (error instanceof Error && 'code' in error) throw error;
      // A header can't be skipped: without it no line of the file means anything.
      const isMovable = config['bad.line.action'] !== 'fail' && config['error.path'] !== undefined;
      throw new SpoiledFile(`${this.file.path}: ${messageOf(error)}`, { isMovable, cause: error });
    }
  }

  /** `after these`: a bad line that ends the reading; the records before it go first. */
  #record(raw: RawRecord, parse: ParseRecord, before: number): SourceRecord | undefined | 'after these' {
    const { config, decode } = this.#options;
    try {
      if (raw.tooLongBytes !== undefined) throw new Error(`${raw.tooLongBytes} bytes; line.max.bytes is ${config['line.max.bytes']}`);
      const parsed = parse(decode(raw.bytes));
      if (parsed === undefined) return undefined;
      const { key, value, timestampMs } = parsed;
      const headers = config['file.headers'] ? this.#headers(raw.place.line) : [];
      return { topic: config.topic, key, value, headers, timestampMs };
    } catch (error) {
      if (before > 0 && config['bad.line.action'] !== 'skip') return 'after these';
      return this.#bad(raw, error);
    }
  }

  /** A record for the topic of bad lines, if there is one. */
  #bad(raw: RawRecord, error: unknown): SourceRecord | undefined {
    const { config, context, metrics } = this.#options;
    const shown = raw.bytes.toString('utf8').slice(0, SHOWN_LENGTH);
    const message = `${this.file.path}: line ${raw.place.line}: ${messageOf(error)}: ${JSON.stringify(shown)}`;
    if (config['bad.line.action'] !== 'skip') {
      throw new SpoiledFile(message, { isMovable: config['bad.line.action'] === 'file', cause: error });
    }
    metrics.badLines.add(1);
    this.#badLines += 1;
    if (this.#badLines <= BAD_LINES_LOGGED_MAX)
      context.logger.warn('a bad line is skipped', { path: this.file.path, line: raw.place.line, cause: messageOf(error) });
    const topic = config['bad.line.topic'];
    if (topic === undefined) return undefined;
    const headers = [...this.#headers(raw.place.line), { name: 'error.message', value: { value: messageOf(error) } }];
    return { topic, key: { value: null }, value: { value: raw.bytes.toString('utf8') }, headers };
  }

  #headers(line: number): readonly DataHeader[] {
    return [
      { name: 'file.name', value: { value: this.file.name } },
      { name: 'file.line', value: { value: line } },
    ];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
