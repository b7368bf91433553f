import { integerOption, invalidOption, nameOption } from '../client-options.ts';
import type { ConsumedRecord } from '../consumer/consumed-record.ts';

/** What a handler is told beside its record. */
export interface HandlerContext {
  /** 1 for the first try. */
  readonly attempt: number;
  /** Aborted when the partition is lost, or was not given up in time: nothing of it can be committed any more. */
  readonly signal: AbortSignal;
}

/** Works on one record; it is finished when this returns, or its promise resolves. */
export type RecordHandler<K, V> = (record: ConsumedRecord<K, V>, context: HandlerContext) => void | Promise<void>;

/** Which records wait for each other: all of a partition, or only those with the same key in the same partition. */
export type HandlerOrdering = 'partition' | 'key';

export interface RunOptions {
  /** Records worked on at a time, 1 … 10,000; default 1. */
  readonly concurrency?: number;
  /** Default `partition`. With `key`, records without a key wait for nothing. */
  readonly ordering?: HandlerOrdering;
  /** Tries after the first that failed, 0 … 1,000,000; default 5. What waits for the record waits on. */
  readonly retries?: number;
  /** Longest wait before the first retry, in ms, 1 … 600,000; default 100. It doubles with each. */
  readonly retryBackoffMs?: number;
  /** Longest wait before any retry, in ms; default 10,000. */
  readonly retryBackoffMaxMs?: number;
  /**
   * Topic to which a record goes when its tries are used up: key, value, headers and timestamp as they were, and headers
   * `moldau-dead-letter-…` with where it came from and why it failed. It counts as finished once that is acknowledged by all
   * replicas. Without one, `run` ends with HANDLER_FAILED.
   */
  readonly deadLetterTopic?: string;
  /** Ends the run; the consumer stays a member. */
  readonly signal?: AbortSignal;
}

/** The options of a run, checked and complete. */
export interface RunSettings {
  readonly concurrency: number;
  readonly ordering: HandlerOrdering;
  readonly retries: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly deadLetterTopic: string | undefined;
}

const CONCURRENCY_MAX = 10_000;
const RETRIES = { default: 5, max: 1_000_000 };
const BACKOFF_MS = { default: 100, longest: 10_000, max: 600_000 };

/** @throws MoldauError INVALID_CONFIG with the option, its value and its limit */
export function parseRunOptions(options: RunOptions): RunSettings {
  const { deadLetterTopic } = options;
  if (deadLetterTopic === '') throw invalidOption('deadLetterTopic', '', 'the name of a topic');
  const backoffs = { min: 1, max: BACKOFF_MS.max };
  return {
    concurrency: integerOption('concurrency', options.concurrency, { min: 1, max: CONCURRENCY_MAX }, 1),
    ordering: nameOption('ordering', options.ordering, ['partition', 'key'], 'partition'),
    retries: integerOption('retries', options.retries, { min: 0, max: RETRIES.max }, RETRIES.default),
    retryBackoffMs: integerOption('retryBackoffMs', options.retryBackoffMs, backoffs, BACKOFF_MS.default),
    retryBackoffMaxMs: integerOption('retryBackoffMaxMs', options.retryBackoffMaxMs, backoffs, BACKOFF_MS.longest),
    deadLetterTopic,
  };
}
