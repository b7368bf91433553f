import type { SinkRecord } from '@moldau/connect';
import { type ObjectPorts, S3Object } from './s3-object.ts';
import type { S3SinkConfig } from './s3-sink-config.ts';

/** Digits of an offset in a key, so that keys sort as offsets do. */
const OFFSET_DIGITS = 20;

/**
 * Records of one partition that follow each other, and whose objects are finished together. Where it begins is an offset to
 * commit, and where it ends follows from its records and the settings alone: read again, they make the same objects.
 */
export class RecordGroup {
  readonly #config: S3SinkConfig;
  readonly #ports: ObjectPorts;
  /** By folder. */
  readonly #objects = new Map<string, S3Object>();
  readonly #firstTimestampMs: number;
  #records = 0;
  #bytes = 0;
  #made = 0;
  /** Its end is decided; only `finish` is left. */
  #closed = false;

  constructor(first: SinkRecord, config: S3SinkConfig, ports: ObjectPorts) {
    this.#config = config;
    this.#ports = ports;
    this.#firstTimestampMs = first.timestampMs;
  }

  /** Whether it ends before the record; then it is closed. */
  closesBefore({ timestampMs }: SinkRecord, folder: string): boolean {
    const interval = this.#config['rotate.interval.ms'];
    const isLater = interval > 0 && timestampMs >= this.#firstTimestampMs + interval;
    if (isLater || (!this.#objects.has(folder) && this.#objects.size >= this.#config['open.objects.max'])) this.#closed = true;
    return this.#closed;
  }

  /** Takes the record; the object that wants to settle, if it does. */
  add(record: SinkRecord, folder: string, line: string): S3Object | undefined {
    const bytes = Buffer.byteLength(line);
    let object = this.#objects.get(folder);
    if (object === undefined) {
      object = new S3Object(keyOf(record, folder, this.#ports.gzip), this.#ports);
      this.#objects.set(folder, object);
      this.#made += 1;
    }
    this.#records += 1;
    this.#bytes += bytes;
    if (this.#records >= this.#config['flush.size'] || this.#bytes >= this.#config['rotate.bytes']) this.#closed = true;
    return object.append(line, bytes) ? object : undefined;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Objects that it has or had. */
  get objects(): number {
    return this.#made;
  }

  get records(): number {
    return this.#records;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get waitingBytes(): number {
    let bytes = 0;
    for (const object of this.#objects.values()) bytes += object.waitingBytes;
    return bytes;
  }

  /** Makes its objects visible, one after the other. May be called again after an error. */
  async finish(): Promise<void> {
    for (const [folder, object] of this.#objects) {
      await object.finish();
      this.#objects.delete(folder);
    }
  }

  /** Gives up what is not finished. */
  async abandon(): Promise<void> {
    for (const object of this.#objects.values()) {
      await this.#ports.sender.forget(object);
      await object.abandon();
    }
    this.#objects.clear();
  }
}

function keyOf({ source, offset }: SinkRecord, folder: string, gzip: boolean): string {
  const start = String(offset).padStart(OFFSET_DIGITS, '0');
  return `${folder}/${source.topic}+${source.partition}+${start}.jsonl${gzip ? '.gz' : ''}`;
}
