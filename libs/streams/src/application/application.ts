import type { StreamsBuilder } from '../dsl/streams-builder.ts';
import type { BuildOptions } from '../graph/topology.ts';
import type { FailureHandlers } from '../task/failure.ts';

/** What a commit promises: each input counts at least once after a failure, or exactly once. */
export type ProcessingGuarantee = 'at_least_once' | 'exactly_once';

/** Where the state of tasks lives; in memory a restart restores all of it. */
export type StateLocation = 'disk' | 'memory';

/** What an application says about how it is run. Whoever deploys it may say otherwise, save for `handlers` and `build`. */
export interface StreamsSettings {
  /** Default `at_least_once`. */
  readonly guarantee?: ProcessingGuarantee;
  /** Time between commits, 10 … 300,000 ms; default 1,000, or 100 under `exactly_once`, whose results are seen after the commit. */
  readonly commitIntervalMs?: number;
  /** Default `disk`. */
  readonly state?: StateLocation;
  /** Copies of each task's state on other workers, 0 … 5; default 0. */
  readonly standbys?: number;
  /** A worker takes a task over at once when its copy lacks at most so many changelog records; else it is warmed up first. Default 10,000. */
  readonly acceptableRecoveryLag?: number;
  /** Tasks that are warmed up at a time, 1 … 100; default 2. */
  readonly maxWarmups?: number;
  /** How often a worker looks how complete its copies are, and says so when it matters, 50 … 3,600,000 ms; default 2,000. */
  readonly probingIntervalMs?: number;
  /** A partition that brings nothing for so long does not hold event time back; default 30,000. */
  readonly idleMs?: number;
  /** How far the time of a record may lie ahead of the wall clock; default one day. */
  readonly futureMs?: number;
  /** Keys that the caches in front of the stores of one task hold together, at some 200 bytes each; default 131,072. */
  readonly cacheEntries?: number;
  readonly handlers?: FailureHandlers;
  readonly build?: BuildOptions;
}

/**
 * A stream application as a module exports it, under the name `application`:
 *
 *     export const application = defineApplication({
 *       name: 'flights-per-origin',
 *       version: '1',
 *       build(topology) {
 *         topology.stream('flights', …).groupByKey().count({ name: 'flights-per-origin' }).toStream().to('counts');
 *       },
 *     });
 *
 * `build` may run many times, once in each thread that works, and must make the same topology each time: it reads no clock and
 * no environment.
 */
export interface StreamsApplication {
  /** 1–100 characters of `[a-zA-Z0-9._-]`: its group, and part of the names of its topics. */
  readonly name: string;
  /** 1–100 characters of `[a-zA-Z0-9._-]`; told apart by who deploys it. */
  readonly version: string;
  build(topology: StreamsBuilder): void;
  readonly settings?: StreamsSettings;
}

/** Name of the export that hosts look for in a module. */
export const APPLICATION_EXPORT = 'application';
