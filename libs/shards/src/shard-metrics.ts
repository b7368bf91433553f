import type { Counter, Gauge, Histogram, Meter } from '@moldau/kernel';

const LOAD_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30];
const APPEND_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const OPERATIONS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 10_000];

/** What all shards of one kind on one instance measure together. */
export class ShardMetrics {
  readonly #load: Histogram;
  readonly #append: Histogram;
  readonly #operations: Histogram;
  readonly #retries: Counter;
  readonly #losses: Counter;
  readonly #active: Gauge;
  readonly #queuedOperations: Gauge;
  readonly #queuedBytes: Gauge;
  #actives = 0;
  #operationCount = 0;
  #byteCount = 0;

  /** `kind`: `groups` or `transactions`. */
  constructor(meter: Meter, kind: string) {
    const labels = ['kind'] as const;
    const seconds = (name: string, help: string, buckets: readonly number[]): Histogram =>
      meter.histogram({ name, help, labels, buckets }).with(kind);
    this.#load = seconds('moldau_shard_load_seconds', 'From the claim of a shard until it takes operations.', LOAD_SECONDS);
    this.#append = seconds(
      'moldau_shard_append_seconds',
      'From the start of an append until it is committed, retries included.',
      APPEND_SECONDS,
    );
    this.#operations = meter
      .histogram({ name: 'moldau_shard_operations_per_append', help: 'Operations that one append commits.', labels, buckets: OPERATIONS })
      .with(kind);
    const counter = (name: string, help: string): Counter => meter.counter({ name, help, labels }).with(kind);
    this.#retries = counter('moldau_shard_retries_total', 'Appends and reads that were sent again.');
    this.#losses = counter('moldau_shard_losses_total', 'Shards whose state was thrown away because another owner writes, or by failure.');
    const gauge = (name: string, help: string): Gauge => meter.gauge({ name, help, labels }).with(kind);
    this.#active = gauge('moldau_shards_active', 'Shards that take operations here.');
    this.#queuedOperations = gauge('moldau_shard_queued_operations', 'Operations that wait for their commit.');
    this.#queuedBytes = gauge('moldau_shard_queued_bytes', 'Bytes of records that wait for an append.');
  }

  loaded(durationMs: number): void {
    this.#load.record(durationMs / 1000);
    this.#actives += 1;
    this.#active.set(this.#actives);
  }

  /** A shard that was active is not any more. */
  ended(): void {
    this.#actives -= 1;
    this.#active.set(this.#actives);
  }

  appended(durationMs: number, operations: number): void {
    this.#append.record(durationMs / 1000);
    this.#operations.record(operations);
  }

  retried(): void {
    this.#retries.add(1);
  }

  lost(): void {
    this.#losses.add(1);
  }

  /** By how much the queues of a shard have changed. */
  queued(operations: number, bytes: number): void {
    this.#operationCount += operations;
    this.#byteCount += bytes;
    this.#queuedOperations.set(this.#operationCount);
    this.#queuedBytes.set(this.#byteCount);
  }
}
