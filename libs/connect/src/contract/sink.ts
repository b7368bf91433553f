import type { ConfigDeclaration } from '../config/config-declaration.ts';
import type { FieldError } from '../config/field-error.ts';
import type { SinkRecord } from '../data/data-record.ts';
import type { CommittableOffset, StartOffset, TopicPartition } from './position.ts';
import type { SinkContext } from './task-context.ts';

/** Why a sink is asked to flush. `revoked` and `close` come right before partitions leave: what is not durable then is read again by another. */
export type FlushReason = 'interval' | 'revoked' | 'close';

/** One task of a sink. Calls never overlap. */
export interface SinkTask {
  /** Partitions given to this task, besides those it has. Where the target knows how far it is, its offsets win over the group's. */
  assigned?(partitions: readonly TopicPartition[]): Promise<readonly StartOffset[]>;
  /**
   * Takes records; may keep them in memory. Throws RetriableError (same records again after a back-off), RecordError (one record
   * at fault), or anything else, which fails the task.
   */
  put(records: readonly SinkRecord[], signal: AbortSignal): Promise<void>;
  /**
   * Makes durable what was put as far as it can and answers the next offset of each partition that may be committed now.
   * Partitions that it leaves out stay where they are. Called each `offset.flush.interval.ms` even without records, so
   * rotation by time is asked here too.
   */
  flush(reason: FlushReason, signal: AbortSignal): Promise<readonly CommittableOffset[]>;
  /** The partitions are gone. `lost`: another has them already, so nothing may be written for them. */
  revoked?(partitions: readonly TopicPartition[], lost: boolean): Promise<void>;
  /** Frees everything; idempotent. */
  close(): Promise<void>;
}

/** A kind of sink. `C` is what `config` parses to. */
export interface SinkDefinition<C = unknown> {
  readonly kind: 'sink';
  /** What `connector.class` says. */
  readonly name: string;
  /** Other names of it: Kafka's classes that mean the same. */
  readonly aliases: readonly string[];
  readonly version: string;
  /** One sentence. */
  readonly doc: string;
  readonly config: ConfigDeclaration<C>;
  /** The target keeps offsets with the data: a record comes neither twice nor never. */
  readonly exactlyOnce: boolean;
  /** Asks the outside: can we connect, does the bucket exist. `config` is parsed already, with secrets resolved. */
  validate?(config: C, signal: AbortSignal): Promise<readonly FieldError[]>;
  start(config: C, context: SinkContext): Promise<SinkTask>;
}
