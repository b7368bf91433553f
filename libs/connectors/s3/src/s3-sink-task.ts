import type { CommittableOffset, SinkContext, SinkRecord, SinkTask, StartOffset, TopicPartition } from '@moldau/connect';
import type { Counter } from '@moldau/kernel';
import { compileFolderOf, type FolderOf } from './folder-of.ts';
import { lineOf } from './line-of.ts';
import { PartSender } from './part-sender.ts';
import { RecordGroup } from './record-group.ts';
import type { ObjectPorts } from './s3-object.ts';
import type { S3SinkConfig } from './s3-sink-config.ts';
import { S3Store } from './s3-store.ts';

/** What was put of one partition. */
interface Taken {
  readonly source: TopicPartition;
  /** Offset of the next record that was not put yet: a put that is repeated brings some twice. */
  nextPut: number;
  /** Everything before it stands in finished objects, or was reported. */
  nextDone: number;
  /** Begins at `nextDone`, but for records that were reported. */
  group: RecordGroup | undefined;
}

/** Writes groups of records of each partition; commits where groups end, never within. */
export class S3SinkTask implements SinkTask {
  readonly #config: S3SinkConfig;
  readonly #context: SinkContext;
  readonly #folderOf: FolderOf;
  readonly #store: S3Store;
  readonly #ports: ObjectPorts;
  readonly #taken = new Map<string, Taken>();
  readonly #objects: Counter;
  readonly #records: Counter;
  readonly #bytes: Counter;

  constructor(config: S3SinkConfig, context: SinkContext) {
    this.#config = config;
    this.#context = context;
    this.#folderOf = compileFolderOf(config);
    this.#store = new S3Store(config);
    this.#ports = {
      store: this.#store,
      sender: new PartSender(config['parts.in.flight.max']),
      signal: context.signal,
      partSize: config['s3.part.size'],
      gzip: config['s3.compression.type'] === 'gzip',
    };
    const { meter } = context;
    this.#objects = meter.counter({ name: 'moldau_connector_s3_objects_total', help: 'Objects that were finished' }).with();
    this.#records = meter.counter({ name: 'moldau_connector_s3_records_total', help: 'Records in finished objects' }).with();
    this.#bytes = meter.counter({ name: 'moldau_connector_s3_bytes_total', help: 'Bytes of lines in finished objects' }).with();
    meter
      .gauge({ name: 'moldau_connector_s3_waiting_bytes', help: 'Bytes that wait for their part or object to be full' })
      .with()
      .observe(() => this.#waitingBytes());
  }

  /** Partitions are read from their committed offsets, where groups begin; what was taken of them before is void. */
  async assigned(partitions: readonly TopicPartition[]): Promise<readonly StartOffset[]> {
    await this.#forget(partitions);
    return [];
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    for (const taken of this.#taken.values()) await this.#finishClosed(taken);
    for (const record of records) {
      const taken = this.#partition(record);
      if (record.offset >= taken.nextPut) await this.#take(record, taken);
    }
  }

  flush(): Promise<readonly CommittableOffset[]> {
    return Promise.resolve([...this.#taken.values()].map(({ source, nextDone }) => ({ ...source, offset: nextDone })));
  }

  async revoked(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#forget(partitions);
  }

  async close(): Promise<void> {
    await this.#forget([...this.#taken.values()].map(({ source }) => source));
    this.#store.close();
  }

  async #take(record: SinkRecord, taken: Taken): Promise<void> {
    let folder: string;
    let line: string;
    try {
      folder = this.#folderOf(record);
      line = lineOf(record, this.#config.content);
    } catch (error) {
      return this.#report(record, taken, error);
    }
    if (taken.group?.closesBefore(record, folder) === true) await this.#finishClosed(taken);
    taken.group ??= new RecordGroup(record, this.#config, this.#ports);
    const full = taken.group.add(record, folder, line);
    taken.nextPut = record.offset + 1;
    await full?.settle();
    if (taken.group.closed) await this.#finishClosed(taken);
  }

  /** A record that can't be written belongs to no group: it is not there for the ends of groups either. */
  async #report(record: SinkRecord, taken: Taken, error: unknown): Promise<void> {
    await this.#context.reportBad(record, error instanceof Error ? error : new Error(String(error)));
    taken.nextPut = record.offset + 1;
    if (taken.group === undefined) taken.nextDone = taken.nextPut;
  }

  async #finishClosed(taken: Taken): Promise<void> {
    const { group } = taken;
    if (group?.closed !== true) return;
    await group.finish();
    this.#objects.add(group.objects);
    this.#records.add(group.records);
    this.#bytes.add(group.bytes);
    taken.group = undefined;
    taken.nextDone = taken.nextPut;
    this.#context.requestFlush();
  }

  #partition({ source, offset }: SinkRecord): Taken {
    const key = nameOf(source);
    const known = this.#taken.get(key);
    if (known !== undefined) return known;
    const made: Taken = { source: { ...source }, nextPut: offset, nextDone: offset, group: undefined };
    this.#taken.set(key, made);
    return made;
  }

  /** Uploads that can't be given up now are left to the bucket's rules; nothing of them is visible. */
  async #forget(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) {
      const name = nameOf(partition);
      const group = this.#taken.get(name)?.group;
      this.#taken.delete(name);
      await group?.abandon().catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.#context.logger.warn('an upload that is not wanted any more could not be given up', { partition: name, error: message });
      });
    }
  }

  #waitingBytes(): number {
    let bytes = 0;
    for (const { group } of this.#taken.values()) bytes += group?.waitingBytes ?? 0;
    return bytes;
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
