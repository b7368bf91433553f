import type { EncodedRecord, Instants } from '@moldau/kernel';

/**
 * The state of one shard in one epoch of its owner. It changes when an operation runs, and not again when the records of
 * that operation are committed: if they can't be appended, the machine is thrown away and another one is loaded.
 */
export interface ShardMachine {
  /** A record of the log, in order, tombstones too. The bytes are views of a whole batch: copy what is kept. */
  replay(record: EncodedRecord): void;
  /** Everything is loaded: from now on operations come. Timers of sessions start here. */
  begin(now: Instants): void;
  /** The shard is lost or given back: releases timers and tells sessions. Nothing is called after it. */
  close(): void;
}

/** What an operation gives. */
export interface ShardOutcome<Response> {
  /** To be appended, all in one batch, which their bytes must fit. May be empty. */
  readonly records: readonly EncodedRecord[];
  /** Released when the records are committed; without records, when a round that began after the operation is. */
  readonly response: Response;
  /** Called just before the response is released, in the order of operations: notices leave here. */
  readonly committed?: () => void;
}

export interface ShardRunOptions {
  /** How long the caller waits. Past it: REQUEST_TIMED_OUT, though the records may still be committed. */
  readonly timeoutMs: number;
  /**
   * Nobody waits for it: its records may go with those of the next operation, at most `unhurriedMs` of the limits later. For what is done
   * again when it is lost.
   */
  readonly unhurried?: boolean;
}

/** A shard as those see it who run operations on it. */
export interface ShardHandle<Machine extends ShardMachine> {
  readonly index: number;
  /**
   * Runs `operation` at once on the machine, and resolves with its response when its records, or a round that proves
   * ownership, are committed.
   *
   * @throws MoldauError NOT_SHARD_OWNER, COORDINATOR_LOADING, SHARD_OVERLOADED (nothing was done), REQUEST_TIMED_OUT
   *   (perhaps it was), or what `operation` throws, which then must have changed nothing
   */
  run<Response>(operation: (machine: Machine, now: Instants) => ShardOutcome<Response>, options: ShardRunOptions): Promise<Response>;
  /** The machine when the shard is active, for what needs no round: heartbeats without change, metrics, background steps. */
  active(): Machine | undefined;
}
