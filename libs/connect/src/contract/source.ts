import type { ConfigDeclaration } from '../config/config-declaration.ts';
import type { FieldError } from '../config/field-error.ts';
import type { SourceRecord } from '../data/data-record.ts';
import type { JsonObject } from '../data/json-value.ts';
import type { SourcePosition } from './position.ts';
import type { PlanContext, SourceContext } from './task-context.ts';

/** `positions` hold once all `records` are written; they are stored with them, in one transaction if exactly once. */
export interface SourceBatch {
  readonly records: readonly SourceRecord[];
  readonly positions: readonly SourcePosition[];
}

/** One task of a source. Calls never overlap, but for `close`, which comes after `signal` aborted and may overlap `poll`. */
export interface SourceTask {
  /**
   * The next batch; undefined when there is nothing just now (the runtime waits a moment and asks again); 'finished' when there
   * will never be more. Ends soon after `signal` aborts, with undefined or an AbortError. Bounded by `context.limits`.
   * Throws RetriableError when the outside can't be reached; anything else fails the task.
   */
  poll(signal: AbortSignal): Promise<SourceBatch | undefined | 'finished'>;
  /** The batch is written and its positions are durable: delete the file, answer the upstream. May be called twice after a crash. */
  written?(batch: SourceBatch): Promise<void>;
  /** Frees everything; idempotent. Never called before `start` resolved. */
  close(): Promise<void>;
}

/** A kind of source. `C` is what `config` parses to. */
export interface SourceDefinition<C = unknown> {
  readonly kind: 'source';
  /** What `connector.class` says. */
  readonly name: string;
  /** Other names of it: Kafka's classes that mean the same. */
  readonly aliases: readonly string[];
  readonly version: string;
  /** One sentence. */
  readonly doc: string;
  readonly config: ConfigDeclaration<C>;
  /** Positions name exactly what was read: with transactions no record comes twice or never. */
  readonly exactlyOnce: boolean;
  /** Asks the outside: can we connect, does the table exist. `config` is parsed already, with secrets resolved. */
  validate?(config: C, signal: AbortSignal): Promise<readonly FieldError[]>;
  /** Settings of each task, at most `maxTasks` of them; none when there is nothing to do yet. Bounded by 1 MiB together. */
  plan(config: C, maxTasks: number, context: PlanContext): Promise<readonly JsonObject[]>;
  start(config: C, task: JsonObject, context: SourceContext): Promise<SourceTask>;
}
