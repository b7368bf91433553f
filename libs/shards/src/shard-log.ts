import type { Offset } from '@moldau/kernel';

/** One append by compare-and-append. */
export interface ShardAppend {
  readonly shardEpoch: number;
  /** Where the log must end. Undefined: anywhere; only for the owner's first append, with an empty batch. */
  readonly expectedEndOffset: Offset | undefined;
  /** One record batch; empty: the leader writes a mark of the shard epoch. Not changed by anybody until it is committed. */
  readonly recordBatch: Uint8Array;
  /** After so long the append is given up: REQUEST_TIMED_OUT. */
  readonly timeoutMs: number;
}

export interface ShardAppended {
  /** Offset of the first record of the batch. */
  readonly baseOffset: Offset;
  /** Where the log ends after it. */
  readonly endOffset: Offset;
}

/**
 * The log of one shard: a partition of an internal topic, wherever its leader is at the moment. It finds the leader for each
 * call anew and does not send again by itself; the runtime does.
 */
export interface ShardLog {
  /**
   * Settles when the batch is committed, refused, or after `timeoutMs`.
   *
   * @throws MoldauError FENCED_SHARD; APPEND_CONFLICT with the fact `end_offset`; RECORD_TOO_LARGE, CORRUPT_BATCH: nothing was
   *   written and never will be; anything else: perhaps it was, or no leader is known: to be sent again
   */
  append(append: ShardAppend): Promise<ShardAppended>;
  /**
   * Committed batches from `from` (below the log's start: from its start) up to `until`, whole and in order; each chunk holds
   * one or more. The first may begin before `from`. Nothing is fetched ahead of the reader but a bounded buffer; `return` of
   * the iterator ends the call.
   *
   * @throws MoldauError when it broke off: the reader goes on at the offset that it needs next
   */
  read(from: Offset, until: Offset): AsyncIterable<Uint8Array>;
}
