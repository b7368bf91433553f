import { DECOMPRESSED_BYTES_MAX_DEFAULT } from '@moldau/records';
import { integerOption, invalidOption, nameOption } from '../client-options.ts';
import { type Deserializer, serdes } from '../serdes.ts';
import type { ConsumerIsolation, ConsumerOptions, OutOfRangePolicy, StartPosition } from './consumer-types.ts';

/** The options of a consumer, checked and complete. */
export interface ConsumerSettings<K, V> {
  readonly isolation: ConsumerIsolation;
  readonly prefetchBytes: number;
  readonly fetchMode: 'stream' | 'poll';
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly onOutOfRange: OutOfRangePolicy;
  readonly checkCrc: boolean;
  readonly maxDecompressedBytes: number;
  readonly stopAtEnd: boolean;
  readonly keyDeserializer: Deserializer<K>;
  readonly valueDeserializer: Deserializer<V>;
}

const MIB = 1024 * 1024;
const PREFETCH_BYTES_DEFAULT = 16 * MIB;
const MAX_WAIT_MS_DEFAULT = 500;
const MAX_WAIT_MS_MAX = 60_000;
const MIN_BYTES_DEFAULT = 1;
const MIN_BYTES_MAX = 64 * MIB;
const PARTITION_MAX = 0x7fff_ffff;

/** @throws MoldauError INVALID_CONFIG with the option, its value and its limit */
export function parseConsumerOptions<K, V>(options: ConsumerOptions<K, V>): ConsumerSettings<K, V> {
  for (const { topic, partition, from } of options.assignment) {
    if (topic.length === 0) throw invalidOption('assignment.topic', topic, 'the name of a topic');
    integerOption('assignment.partition', partition, { min: 0, max: PARTITION_MAX }, 0);
    if (from !== undefined) parseStartPosition('assignment.from', from);
  }
  return {
    isolation: nameOption('isolation', options.isolation, ['read_uncommitted', 'read_committed'], 'read_uncommitted'),
    prefetchBytes: integerOption('prefetchBytes', options.prefetchBytes, { min: 2 * MIB, max: 2048 * MIB }, PREFETCH_BYTES_DEFAULT),
    fetchMode: nameOption('fetchMode', options.fetchMode, ['stream', 'poll'], 'stream'),
    maxWaitMs: integerOption('maxWaitMs', options.maxWaitMs, { min: 0, max: MAX_WAIT_MS_MAX }, MAX_WAIT_MS_DEFAULT),
    minBytes: integerOption('minBytes', options.minBytes, { min: 0, max: MIN_BYTES_MAX }, MIN_BYTES_DEFAULT),
    onOutOfRange: nameOption('onOutOfRange', options.onOutOfRange, ['error', 'earliest', 'latest'], 'error'),
    checkCrc: options.checkCrc ?? true,
    maxDecompressedBytes: integerOption(
      'maxDecompressedBytes',
      options.maxDecompressedBytes,
      { min: 1, max: 2048 * MIB },
      DECOMPRESSED_BYTES_MAX_DEFAULT,
    ),
    stopAtEnd: options.stopAtEnd ?? false,
    // Without a deserializer K and V are what the caller says: bytes.
    keyDeserializer: options.keyDeserializer ?? (serdes.bytes as unknown as Deserializer<K>),
    valueDeserializer: options.valueDeserializer ?? (serdes.bytes as unknown as Deserializer<V>),
  };
}

/** @throws MoldauError INVALID_CONFIG */
export function parseStartPosition(option: string, from: StartPosition): void {
  if (from === 'earliest' || from === 'latest') return;
  const limits = { min: 0, max: Number.MAX_SAFE_INTEGER };
  if ('offset' in from) integerOption(`${option}.offset`, from.offset, limits, 0);
  else integerOption(`${option}.timestampMs`, from.timestampMs, limits, 0);
}
