import type { CompressionName } from '@moldau/kernel';
import { COMPRESSION_NAMES } from '@moldau/kernel';
import { integerOption, invalidOption, nameOption } from '../client-options.ts';
import { type Serializer, serdes } from '../serdes.ts';
import type { Partitioner, ProducerAcks, ProducerOptions } from './producer-types.ts';

/** The options of a producer, checked and complete. */
export interface ProducerSettings<K, V> {
  readonly acks: ProducerAcks;
  readonly idempotent: boolean;
  readonly compression: CompressionName;
  readonly lingerMs: number;
  /** Send at once while nothing is under way to the broker. */
  readonly eager: boolean;
  readonly batchBytes: number;
  readonly bufferBytes: number;
  readonly maxBlockMs: number;
  readonly deliveryTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxInFlightBatches: number;
  /** Undefined: the default partitioner. */
  readonly partitioner: Partitioner<K, V> | undefined;
  /** Undefined: keys are bytes. */
  readonly keySerializer: Serializer<K>;
  readonly valueSerializer: Serializer<V>;
  /** Undefined: the producer writes no transactions. */
  readonly transactionalId?: string | undefined;
}

/** Enough for others to join a batch while one is under way; as in Kafka 4. */
const LINGER_MS_DEFAULT = 5;
/** Measured best for records of 100 B and 1 KB over one gRPC stream: fewer messages, still below the topics' default limit. */
const BATCH_BYTES_DEFAULT = 128 * 1024;
const BUFFER_BYTES_DEFAULT = 32 * 1024 * 1024;
const MAX_BLOCK_MS_DEFAULT = 60_000;
const DELIVERY_TIMEOUT_MS_DEFAULT = 120_000;
/** The broker remembers that many batches per producer and partition, and no more. */
const IN_FLIGHT_MAX = 5;
const MINUTES_5_MS = 300_000;
const DAY_MS = 86_400_000;
const MIB_64 = 64 * 1024 * 1024;
const KIB = 1024;

/** @throws MoldauError INVALID_CONFIG with the option, its value and its limit */
export function parseProducerOptions<K, V>(options: ProducerOptions<K, V>, requestTimeoutMs: number): ProducerSettings<K, V> {
  const acks = nameOption('acks', options.acks, ['all', 'leader', 'none'], 'all');
  if (options.idempotent === true && acks !== 'all') throw invalidOption('idempotent', 'true', "false, or acks 'all'");
  const deliveryTimeoutMs = integerOption(
    'deliveryTimeoutMs',
    options.deliveryTimeoutMs,
    { min: 1, max: DAY_MS },
    DELIVERY_TIMEOUT_MS_DEFAULT,
  );
  const partitioner = options.partitioner;
  if (partitioner !== undefined && partitioner !== 'default' && typeof partitioner !== 'function') {
    throw invalidOption('partitioner', String(partitioner), "'default' or a function");
  }
  return {
    acks,
    idempotent: options.idempotent ?? acks === 'all',
    compression: nameOption('compression', options.compression, COMPRESSION_NAMES, 'none'),
    lingerMs: integerOption('lingerMs', options.lingerMs, { min: 0, max: MINUTES_5_MS }, LINGER_MS_DEFAULT),
    eager: options.lingerMs === undefined,
    batchBytes: integerOption('batchBytes', options.batchBytes, { min: KIB, max: MIB_64 }, BATCH_BYTES_DEFAULT),
    bufferBytes: integerOption('bufferBytes', options.bufferBytes, { min: 64 * KIB, max: Number.MAX_SAFE_INTEGER }, BUFFER_BYTES_DEFAULT),
    maxBlockMs: integerOption('maxBlockMs', options.maxBlockMs, { min: 0, max: DAY_MS }, MAX_BLOCK_MS_DEFAULT),
    deliveryTimeoutMs,
    requestTimeoutMs: integerOption('requestTimeoutMs', options.requestTimeoutMs, { min: 1, max: MINUTES_5_MS }, requestTimeoutMs),
    maxInFlightBatches: integerOption('maxInFlightBatches', options.maxInFlightBatches, { min: 1, max: IN_FLIGHT_MAX }, IN_FLIGHT_MAX),
    partitioner: partitioner === 'default' ? undefined : partitioner,
    // Without a serializer K and V are what the caller says; the bytes serializer checks what comes.
    keySerializer: options.keySerializer ?? (serdes.bytes as unknown as Serializer<K>),
    valueSerializer: options.valueSerializer ?? (serdes.bytes as unknown as Serializer<V>),
  };
}
