import { SHARD_KINDS, type ShardKindName } from '@moldau/cluster';
import { type Clock, type Connector, type Counter, type Meter, MoldauError, type Random, type Scheduler } from '@moldau/kernel';
import { itemToError, type ShardAnswer } from '@moldau/protocol';
import { OwnedMemberLink } from './owned-member-link.ts';
import { OwnerWaits } from './owner-waits.ts';
import {
  type MemberLink,
  type MemberLinkEvents,
  SHARD_KIND_OF_CALL,
  type ShardAnswerOf,
  type ShardCallCase,
  type ShardCallOf,
  type ShardCallOptions,
  type ShardCalls,
} from './shard-calls.ts';
import { ShardConnections } from './shard-connections.ts';
import type { ShardDirectory } from './shard-directory.ts';
import { shardOf } from './shard-of.ts';

export interface ShardCallerDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly connector: Connector;
  readonly meter: Meter;
  readonly directory: ShardDirectory;
  /** "broker/<id>" or "coordinator/<id>", for the log of the owner. */
  readonly name: string;
}

/** Calls under way, in all: each may hold a request of a megabyte. More are refused. */
const CALLS_MAX = 50_000;
/** Errors of an owner that say that nothing was done, and that the next attempt may find it done. */
const TRY_AGAIN = new Set(['NOT_SHARD_OWNER', 'COORDINATOR_LOADING', 'COORDINATOR_NOT_AVAILABLE', 'SHUTTING_DOWN']);

/** One attempt at a call: its answer, or why it has to be made again. */
type Attempt = { readonly tag: 'answer'; readonly answer: ShardAnswer } | { readonly tag: 'again'; readonly error: MoldauError };

/** Finds the owners of shards and calls them until they answer; see `ShardCalls`. */
export class ShardCaller implements ShardCalls {
  readonly #deps: ShardCallerDeps;
  readonly #connections: ShardConnections;
  readonly #waits: OwnerWaits;
  readonly #links = new Set<OwnedMemberLink>();
  readonly #repeated: Counter;
  readonly #ensuring = new Map<ShardKindName, Promise<void>>();
  readonly #forget: () => void;
  #nextCall = 1;
  #calls = 0;
  #closed = false;

  constructor(deps: ShardCallerDeps) {
    const { connector, scheduler, meter, directory, name } = deps;
    this.#deps = deps;
    this.#connections = new ShardConnections(connector, scheduler, name);
    this.#waits = new OwnerWaits(deps);
    const gauge = (metric: string, help: string, read: () => number): void => meter.gauge({ name: metric, help }).with().observe(read);
    gauge('moldau_shard_calls_unanswered', 'Calls that owners of coordinator shards have not answered.', () =>
      this.#connections.unanswered(),
    );
    gauge('moldau_shard_memberships', 'Memberships on streams to owners of coordinator shards.', () => this.#connections.members());
    this.#repeated = meter
      .counter({ name: 'moldau_shard_calls_repeated_total', help: 'Calls of coordinator shards that were made again.' })
      .with();
    this.#forget = directory.listen(() => this.#ownersChanged());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    this.#waits.close();
    for (const link of [...this.#links]) link.close();
    this.#connections.close();
  }

  shards(): number {
    return this.#deps.directory.shards();
  }

  shardOf(namespace: string, name: string): number {
    return shardOf(namespace, name, Math.max(1, this.shards()));
  }

  exist(kind: ShardKindName): boolean {
    return this.#deps.directory.exist(kind);
  }

  async callNamed<Case extends ShardCallCase>(
    name: string,
    call: ShardCallOf<Case>,
    options: ShardCallOptions,
  ): Promise<ShardAnswerOf<Case>> {
    if (this.shards() === 0) throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'there is no metadata of the cluster yet', {});
    return this.callShard(this.shardOf(options.origin.namespace, name), call, options);
  }

  async callShard<Case extends ShardCallCase>(
    shard: number,
    call: ShardCallOf<Case>,
    options: ShardCallOptions,
  ): Promise<ShardAnswerOf<Case>> {
    if (this.#calls >= CALLS_MAX) {
      const facts = { calls: String(this.#calls), limit: String(CALLS_MAX) };
      throw new MoldauError('SHARD_OVERLOADED', `${this.#calls} calls to owners of shards are under way`, facts);
    }
    this.#calls += 1;
    try {
      return await this.#callOwners(shard, call, options);
    } finally {
      this.#calls -= 1;
    }
  }

  openMember(namespace: string, groupId: string, events: MemberLinkEvents): MemberLink {
    const { directory } = this.#deps;
    const link: OwnedMemberLink = new OwnedMemberLink({
      events,
      shard: () => this.shardOf(namespace, groupId),
      owner: (shard) => directory.owner('groups', shard),
      ensure: async () => (directory.exist('groups') ? undefined : this.#ensure('groups')),
      connections: this.#connections,
      waits: this.#waits,
      closed: () => this.#links.delete(link),
    });
    this.#links.add(link);
    link.open();
    return link;
  }

  async #callOwners<Case extends ShardCallCase>(
    shard: number,
    call: ShardCallOf<Case>,
    options: ShardCallOptions,
  ): Promise<ShardAnswerOf<Case>> {
    const { clock, directory } = this.#deps;
    const kind = SHARD_KIND_OF_CALL[call.$case];
    const deadlineMs = clock.monotonicMs() + options.timeoutMs;
    let failure: MoldauError | undefined;
    for (let attempt = 0; ; attempt += 1) {
      const leftMs = deadlineMs - clock.monotonicMs();
      if (this.#closed) throw new MoldauError('SHUTTING_DOWN', 'calls to owners of shards are over', {});
      if (leftMs <= 0) throw timedOut(shard, kind, options.timeoutMs, failure);
      const owner = directory.owner(kind, shard);
      if (owner === undefined) {
        // With a limit: others may wait longer for the same.
        if (!directory.exist(kind))
          await Promise.race([this.#ensure(kind), this.#waits.changed(kind, shard, owner, { attempt, maxMs: leftMs })]);
      } else {
        if (attempt > 0) this.#repeated.add(1);
        const outcome = await this.#attempt(owner, shard, call, { ...options, timeoutMs: leftMs });
        if (outcome.tag === 'answer') return answerOf(call.$case, outcome.answer);
        // What was perhaps done stays so, whatever the later attempts say.
        if (failure?.certainty !== 'indefinite') failure = outcome.error;
      }
      await this.#waits.changed(kind, shard, owner, { attempt, maxMs: deadlineMs - clock.monotonicMs() });
    }
  }

  /** Rejects with what the call itself answers. */
  #attempt<Case extends ShardCallCase>(
    owner: { readonly address: string; readonly shardEpoch: number },
    shard: number,
    call: ShardCallOf<Case>,
    { origin, timeoutMs }: ShardCallOptions,
  ): Promise<Attempt> {
    const kind = SHARD_KIND_OF_CALL[call.$case];
    const connection = this.#connections.to(owner.address);
    const callId = this.#nextCall;
    this.#nextCall += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Attempt>();
    const again = (error: MoldauError): void => resolve({ tag: 'again', error });
    const events = {
      answered: (answer: ShardAnswer): void => {
        const error = answer.error === undefined ? undefined : itemToError(answer.error);
        if (error === undefined) resolve({ tag: 'answer', answer });
        else if (TRY_AGAIN.has(error.reason)) again(error);
        else reject(error);
      },
      broken: (error: MoldauError): void => again(asUnanswered(error)),
    };
    connection.call({ callId, shard, timeoutMs: Math.ceil(timeoutMs), origin, call }, events);
    // A former owner can't answer any more: its rounds fail. It may be paused and hold the call until its deadline.
    const forget = this.#waits.whenMoved(kind, shard, owner, timeoutMs, () => again(unanswered('the shard has moved, or time is up')));
    return promise.finally(() => {
      forget();
      connection.forget(callId);
    });
  }

  #ensure(kind: ShardKindName): Promise<void> {
    const { directory } = this.#deps;
    const running = this.#ensuring.get(kind);
    if (running !== undefined) return running;
    const started = directory.ensure(kind, ENSURE_TIMEOUT_MS).finally(() => this.#ensuring.delete(kind));
    this.#ensuring.set(kind, started);
    return started;
  }

  #ownersChanged(): void {
    const { directory } = this.#deps;
    this.#waits.look();
    const addresses = new Set<string>();
    for (const kind of SHARD_KINDS) {
      for (let shard = 0; shard < directory.shards(); shard += 1) {
        const address = directory.owner(kind, shard)?.address;
        if (address !== undefined) addresses.add(address);
      }
    }
    this.#connections.keep(addresses);
  }
}

/** Longest that the making of an internal topic may take, for all who wait for it. */
const ENSURE_TIMEOUT_MS = 5_000;

function answerOf<Case extends ShardCallCase>(wanted: Case, { answer }: ShardAnswer): ShardAnswerOf<Case> {
  if (answer === undefined || answer.$case === wanted) return answer?.value as ShardAnswerOf<Case>;
  throw new MoldauError('INTERNAL', `the owner of the shard answered ${answer.$case} to ${wanted}`, {});
}

function unanswered(why: string): MoldauError {
  return new MoldauError('REQUEST_TIMED_OUT', `the owner of the shard has not answered: ${why}`, {});
}

/** A stream that could not be opened surely carried nothing; what else broke it leaves it open. */
function asUnanswered(error: MoldauError): MoldauError {
  return error.reason === 'SERVER_UNREACHABLE' ? error : unanswered(error.message);
}

function timedOut(shard: number, kind: ShardKindName, timeoutMs: number, failure: MoldauError | undefined): MoldauError {
  const facts = { shard: String(shard), kind, limit: String(timeoutMs) };
  if (failure?.certainty === 'indefinite') {
    return new MoldauError('REQUEST_TIMED_OUT', `${failure.message} within ${timeoutMs} ms; perhaps it was done`, facts, {
      cause: failure,
    });
  }
  if (failure?.reason === 'COORDINATOR_LOADING') return failure;
  const why = failure === undefined ? 'it has no owner' : failure.message;
  return new MoldauError(
    'COORDINATOR_NOT_AVAILABLE',
    `shard ${shard} of ${kind} could not be reached within ${timeoutMs} ms: ${why}`,
    facts,
  );
}
