import type { Datum, JsonObject, SourceBatch, SourceContext, SourceRecord, SourceTask } from '@moldau/connect';
import type { Counter } from '@moldau/kernel';
import { type Cut, type CutOptions, cutLines } from './cut-lines.ts';
import { cutMultiLine, type MultiLineRule } from './cut-multi-line.ts';
import { FILES_MAX, matchingFiles } from './matching-files.ts';
import type { FileSourceConfig } from './source-config.ts';
import { type Cutters, Trail, type TrailPosition } from './trail.ts';
import { formatPosition, parsePosition } from './trail-position.ts';

/** Which of the files are this task's. */
export interface FileSourceShare {
  readonly task: number;
  readonly of: number;
}

interface Followed {
  readonly path: string;
  readonly trail: Trail;
  readonly key: Datum;
  readonly partition: JsonObject;
  /** The last position that was given to the runtime; undefined if there is none. */
  given: TrailPosition | undefined;
}

/** Follows the files of its share, one batch from each in turn. */
export class FileSourceTask implements SourceTask {
  readonly #config: FileSourceConfig;
  readonly #context: SourceContext;
  readonly #share: FileSourceShare;
  readonly #cutters: Cutters;
  readonly #lines: Counter;
  readonly #pieces: Counter;
  readonly #files = new Map<string, Followed>();
  #order: Followed[] = [];
  #scannedAtMs: number | undefined;
  #closed = false;

  constructor(config: FileSourceConfig, share: FileSourceShare, context: SourceContext) {
    this.#config = config;
    this.#share = share;
    this.#context = context;
    this.#cutters = createCutters(config, context);
    const { meter } = context;
    this.#lines = meter.counter({ name: 'moldau_connector_file_records_total', help: 'Records made of lines' }).with();
    this.#pieces = meter
      .counter({ name: 'moldau_connector_file_cut_lines_total', help: 'Records cut off a line that was too long' })
      .with();
    meter
      .gauge({ name: 'moldau_connector_file_followed', help: 'Files that are followed' })
      .with()
      .observe(() => this.#files.size);
  }

  async poll(signal: AbortSignal): Promise<SourceBatch | undefined> {
    await this.#scan();
    for (let tried = 0; tried < this.#order.length && !signal.aborted && !this.#closed; tried += 1) {
      const file = this.#order[0];
      if (file === undefined) return undefined;
      // The next poll begins with the next file, so that a busy one does not starve the others.
      this.#order = [...this.#order.slice(1), file];
      const batch = await this.#read(file);
      if (batch !== undefined) return batch;
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#files.values()].map(({ trail }) => trail.close()));
    this.#files.clear();
    this.#order = [];
  }

  async #read(file: Followed): Promise<SourceBatch | undefined> {
    const cut = await file.trail.read(this.#cutters);
    const position = file.trail.position();
    if (position === undefined) return undefined;
    const records = cut === undefined ? [] : this.#records(cut, file);
    // Where a file was begun at its end, that place is kept before anything is read of it.
    if (records.length === 0 && (file.given !== undefined || position.position === 0)) return undefined;
    file.given = position;
    return { records, positions: [{ partition: file.partition, offset: formatPosition(position) }] };
  }

  #records({ lines, pieces }: Cut, { key }: Followed): readonly SourceRecord[] {
    const { topic } = this.#config;
    this.#lines.add(lines.length);
    if (pieces > 0) this.#pieces.add(pieces);
    return lines.map((value) => ({ topic, key, value: { value }, headers: [] }));
  }

  async #scan(): Promise<void> {
    const now = this.#context.clock.monotonicMs();
    if (this.#scannedAtMs !== undefined && now - this.#scannedAtMs < this.#config['scan.interval.ms']) return;
    const first = this.#scannedAtMs === undefined;
    this.#scannedAtMs = now;
    const all = await matchingFiles(this.#config.file, this.#config['rotated.suffix']);
    const mine = all.filter((path) => shareOf(path, this.#share.of) === this.#share.task);
    for (const path of mine) if (!this.#files.has(path)) await this.#follow(path, first);
    this.#context.signalStatus(this.#describe(all.length));
  }

  async #follow(path: string, first: boolean): Promise<void> {
    const partition = { path };
    const stored = parsePosition(await this.#context.storedOffset(partition));
    const { clock, logger } = this.#context;
    const trail = new Trail(
      {
        path,
        rotatedSuffix: this.#config['rotated.suffix'],
        from: first ? this.#config['initial.position'] : 'beginning',
        rotateWaitMs: this.#config['rotate.wait.ms'],
        quietMs: this.#config['multiline.pattern'] === undefined ? undefined : this.#config['multiline.wait.ms'],
        clock,
        logger,
      },
      stored,
    );
    const key: Datum = { value: this.#config['key.source'] === 'path' ? path : null };
    const followed = { path, trail, key, partition, given: stored };
    this.#files.set(path, followed);
    this.#order.push(followed);
  }

  #describe(found: number): string {
    if (found >= FILES_MAX) return `follows ${this.#files.size} files: only the first ${FILES_MAX} that match are followed`;
    return this.#files.size === 0 ? `no file matches ${this.#config.file.join(', ')}` : '';
  }
}

/** Number of the task, of `tasks`, that follows the path: the same in each task, whatever other files there are. */
export function shareOf(path: string, tasks: number): number {
  let hash = 0;
  for (let at = 0; at < path.length; at += 1) hash = (Math.imul(hash, 31) + path.charCodeAt(at)) >>> 0;
  return hash % tasks;
}

function createCutters(config: FileSourceConfig, { limits }: SourceContext): Cutters {
  const options: CutOptions = {
    recordsMax: Math.min(config['batch.size'], limits.maxRecords),
    bytesMax: limits.maxBytes,
    lineBytesMax: config['line.max.bytes'],
    asBytes: config['value.type'] === 'bytes',
    last: false,
  };
  const last = { ...options, last: true };
  const end = (buffer: Buffer): Cut => cutLines(buffer, last);
  const pattern = config['multiline.pattern'];
  if (pattern === undefined) {
    const middle = (buffer: Buffer): Cut => cutLines(buffer, options);
    return { middle, quiet: middle, end };
  }
  const rule: MultiLineRule = { pattern, match: config['multiline.match'] };
  return {
    middle: (buffer) => cutMultiLine(buffer, rule, options),
    quiet: (buffer) => cutMultiLine(buffer, rule, last),
    end: (buffer) => cutRest(buffer, rule, last),
  };
}

/** What is left of a file that will not grow: records of whole lines, and behind them a line without its newline. */
function cutRest(buffer: Buffer, rule: MultiLineRule, options: CutOptions): Cut {
  const cut = cutMultiLine(buffer, rule, options);
  return cut.lines.length > 0 ? cut : cutLines(buffer, options);
}
