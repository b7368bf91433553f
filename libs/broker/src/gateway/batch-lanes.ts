import type { TopicImage } from '@moldau/cluster';
import { MoldauError } from '@moldau/kernel';
import type { NewRecord, ProduceBatch } from '@moldau/protocol';
import { RecordBatchBuilder, type RecordHeader } from '@moldau/records';
import type { TopicSettings } from '../partition/topic-settings.ts';
import { invalidField } from '../produce/produce-terms.ts';
import type { KeyedProducer } from './idempotency-key.ts';

/** Batches are closed at this size, where the topic allows as much. */
const BATCH_TARGET_BYTES = 512 * 1024;

/** A batch of one partition, and which records of the request it holds, by index. */
export interface BuiltBatch {
  readonly batch: ProduceBatch;
  readonly partition: number;
  readonly members: readonly number[];
}

/** Records of one partition on their way into batches. */
interface Lane {
  readonly builder: RecordBatchBuilder;
  members: number[];
}

/**
 * Puts records into batches by partition, in order. With an idempotency key the records of one partition are one batch,
 * so that a repetition builds the same one.
 */
export class BatchLanes {
  readonly #topic: TopicImage;
  readonly #settings: TopicSettings;
  readonly #wallMs: number;
  readonly #keyed: KeyedProducer | undefined;
  readonly #lanes = new Map<number, Lane>();
  readonly #built: BuiltBatch[] = [];

  constructor(topic: TopicImage, settings: TopicSettings, wallMs: number, keyed: KeyedProducer | undefined) {
    this.#topic = topic;
    this.#settings = settings;
    this.#wallMs = wallMs;
    this.#keyed = keyed;
  }

  /** @throws MoldauError of what is wrong with the record; then it was not added */
  add(record: NewRecord, partition: number, index: number): void {
    assertPublishable(record, this.#settings, this.#wallMs);
    const lane = this.#lanes.get(partition) ?? this.#open(partition);
    if (!this.#append(lane, record)) {
      if (this.#keyed !== undefined) throw tooManyForOneBatch(partition, this.#settings.maxMessageBytes);
      this.#close(partition, lane);
      this.#append(lane, record);
    }
    lane.members.push(index);
  }

  /** All batches. */
  finish(): readonly BuiltBatch[] {
    for (const [partition, lane] of this.#lanes) if (lane.members.length > 0) this.#close(partition, lane);
    return this.#built;
  }

  #open(partition: number): Lane {
    const { maxMessageBytes } = this.#settings;
    const targetBytes = this.#keyed === undefined ? Math.min(BATCH_TARGET_BYTES, maxMessageBytes) : maxMessageBytes;
    const lane = { builder: new RecordBatchBuilder({ targetBytes, maxBytes: maxMessageBytes }), members: [] };
    this.#lanes.set(partition, lane);
    return lane;
  }

  #append({ builder }: Lane, { key, value, headers, timestampMs }: NewRecord): boolean {
    const written: RecordHeader[] = headers.map((header) => ({ key: header.key, value: header.value ?? null }));
    return builder.append(timestampMs ?? this.#wallMs, key ?? null, value ?? null, written);
  }

  #close(partition: number, lane: Lane): void {
    const { members } = lane;
    lane.members = [];
    const recordBatch = lane.builder.build(this.#keyed?.fields);
    this.#built.push({
      partition,
      members,
      batch: { batchId: 0, topicId: this.#topic.topicId, partition, leaderEpoch: undefined, recordBatch },
    });
  }
}

/** The checks of a batch that one record could fail for its neighbours. */
function assertPublishable({ key, timestampMs }: NewRecord, settings: TopicSettings, wallMs: number): void {
  if (settings.compacted && key === undefined) {
    throw new MoldauError('NULL_KEY_ON_COMPACTED_TOPIC', 'the record has no key; a compacted topic needs one', {
      value: 'null',
      limit: 'a key',
    });
  }
  if (timestampMs === undefined) return;
  if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) throw invalidField('timestamp_ms', timestampMs, '≥ 0');
  if (settings.timestampType === 'LogAppendTime') return;
  const early = wallMs - timestampMs > settings.timestampBeforeMaxMs;
  const late = timestampMs - wallMs > settings.timestampAfterMaxMs;
  if (!early && !late) return;
  const setting = early ? 'message.timestamp.before.max.ms' : 'message.timestamp.after.max.ms';
  const limit = early ? settings.timestampBeforeMaxMs : settings.timestampAfterMaxMs;
  const facts = { setting, value: String(timestampMs), limit: String(limit) };
  throw new MoldauError('INVALID_TIMESTAMP', `the record's time ${timestampMs} lies outside ${setting}=${limit}`, facts);
}

function tooManyForOneBatch(partition: number, maxBytes: number): MoldauError {
  const limit = `${maxBytes} bytes (max.message.bytes) for each partition of a request with an idempotency key`;
  const facts = { field: 'records', value: `more than ${maxBytes} bytes`, limit, partition: String(partition) };
  return new MoldauError('INVALID_REQUEST', `the records for partition ${partition} do not fit one batch; allowed: ${limit}`, facts);
}
