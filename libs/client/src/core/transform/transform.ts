import { MoldauError } from '@moldau/kernel';
import { integerOption } from '../client-options.ts';
import type { TransformMember, TransformReports } from './transform-member.ts';
import type { TransformOptions, TransformStats } from './transform-types.ts';

const MEMBERS_MAX = 64;
const RECORDS_MAX = 100_000;
const RECORDS_DEFAULT = 1_000;
const WAIT_MS_MAX = 60_000;
const WAIT_MS_DEFAULT = 100;
const ATTEMPTS_MAX = 1_000_000;
const ATTEMPTS_DEFAULT = 10;
const TIMEOUT_MS_MAX = 900_000;
/** Others wait so long for what a dead process left open; as in Kafka Streams. */
const TIMEOUT_MS_DEFAULT = 10_000;

/** The numbers of a transform, checked and complete. */
export interface TransformSettings {
  readonly members: number;
  readonly maxRecords: number;
  readonly maxWaitMs: number;
  readonly attempts: number;
  readonly timeoutMs: number;
}

/** @throws MoldauError INVALID_CONFIG with the option, its value and its limit */
export function parseTransformOptions<InK, InV, OutK, OutV>(options: TransformOptions<InK, InV, OutK, OutV>): TransformSettings {
  return {
    members: integerOption('members', options.members, { min: 1, max: MEMBERS_MAX }, 1),
    maxRecords: integerOption('maxRecords', options.maxRecords, { min: 1, max: RECORDS_MAX }, RECORDS_DEFAULT),
    maxWaitMs: integerOption('maxWaitMs', options.maxWaitMs, { min: 0, max: WAIT_MS_MAX }, WAIT_MS_DEFAULT),
    attempts: integerOption('attempts', options.attempts, { min: 1, max: ATTEMPTS_MAX }, ATTEMPTS_DEFAULT),
    timeoutMs: integerOption('timeoutMs', options.timeoutMs, { min: 1, max: TIMEOUT_MS_MAX }, TIMEOUT_MS_DEFAULT),
  };
}

/** Makes one member. */
export type MemberFactory = (
  index: number,
  reports: TransformReports,
) => Pick<TransformMember<unknown, unknown, unknown, unknown>, 'run' | 'stop' | 'close'>;

/**
 * Reads topics as members of a group, works on the records, and writes results and offsets in transactions: each record that
 * was read counts exactly once for readers of committed records, whatever fails. Runs from when it is made until it is closed.
 * Made by `moldau.transform`.
 *
 * @example
 * await using transform = moldau.transform({
 *   group: 'billing',
 *   from: 'orders',
 *   to: 'invoices',
 *   transactionalId: 'billing-1',
 *   transform: (order) => ({ key: order.key, value: order.value }),
 * });
 * await transform.finished;
 */
export class Transform {
  /** Resolves when it is closed; rejects when it can't go on: it is fenced, reading fails, or its function has failed too often. */
  readonly finished: Promise<void>;
  readonly #members: ReturnType<MemberFactory>[];
  readonly #onClosed: () => void;
  #recordsIn = 0;
  #commits = 0;
  #retries = 0;
  #closed: Promise<void> | undefined;

  /** For `moldau.transform`. @internal */
  constructor(members: number, create: MemberFactory, onRetry: (error: MoldauError) => void, onClosed: () => void) {
    this.#onClosed = onClosed;
    const reports: TransformReports = {
      committed: (records) => {
        this.#recordsIn += records;
        this.#commits += 1;
      },
      retried: (error) => {
        this.#retries += 1;
        onRetry(error);
      },
    };
    this.#members = Array.from({ length: members }, (_, index) => create(index, reports));
    this.finished = this.#run();
    this.finished.catch(() => {});
  }

  stats(): TransformStats {
    return { recordsIn: this.#recordsIn, commits: this.#commits, retries: this.#retries };
  }

  /** Ends the transactions under way, and leaves the group: others have its partitions at once. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A member that can't go on ends all: the others would read on, and nobody would notice. */
  async #run(): Promise<void> {
    let failure: { readonly thrown: unknown } | undefined;
    const running = this.#members.map(async (member) => {
      try {
        await member.run();
      } catch (thrown) {
        failure ??= { thrown };
      }
      for (const other of this.#members) other.stop();
    });
    await Promise.all(running);
    await Promise.all(this.#members.map((member) => member.close()));
    this.#onClosed();
    if (failure !== undefined) throw failure.thrown instanceof Error ? failure.thrown : MoldauError.from(failure.thrown);
  }

  async #close(): Promise<void> {
    for (const member of this.#members) member.stop();
    await this.finished.catch(() => {});
  }
}
