import { type ShardKindName, shardKey } from '@moldau/cluster';
import { MoldauError, parseNamespace, type Timer } from '@moldau/kernel';
import type { ShardAnswer, ShardCall } from '@moldau/protocol';
import { SHARD_KIND_OF_CALL, type ShardHandle, type ShardMachine, ShardMetrics, ShardRuntime } from '@moldau/shards';
import { PartitionShardLog } from './partition-shard-log.ts';
import type { ShardAppends } from './shard-appends.ts';
import type { MemberHost, OwnedShards, ShardCallContext, ShardKindContext, ShardKindDefinition } from './shard-kind.ts';

/** The shards of one kind, for those who do not know its machine. */
export interface HostedKind {
  readonly kind: ShardKindName;
  readonly members: MemberHost | undefined;
  /** The metadata has changed: takes up what this instance has come to own, and gives up what it does not any more. */
  look(): void;
  /** Rejects with the answer's error. */
  answer(call: ShardCall): Promise<ShardAnswer['answer']>;
  stop(): void;
}

/** Makes the host of a kind of shards. */
export type ShardKindFactory = (deps: ShardHostDeps) => HostedKind;

export interface ShardHostDeps extends Omit<ShardKindContext<never>, 'shards'> {
  readonly appends: ShardAppends;
  /** Revision at which this life of the instance has announced itself; undefined before. */
  life(): number | undefined;
}

/** A kind of shards, to be hosted. */
export function shardKind<Machine extends ShardMachine>(
  define: (context: ShardKindContext<Machine>) => ShardKindDefinition<Machine>,
): ShardKindFactory {
  return (deps) => new ShardHost(deps, define);
}

/** A shard whose state was thrown away though nobody else owns it is claimed again after so long. */
const CLAIM_AGAIN_MS = 500;

interface Hosted<Machine extends ShardMachine> {
  readonly runtime: ShardRuntime<Machine>;
  again: Timer | undefined;
}

/** Runs the shards of one kind that the metadata gives to this life of this instance. */
class ShardHost<Machine extends ShardMachine> implements HostedKind, OwnedShards<Machine> {
  readonly kind: ShardKindName;
  readonly members: MemberHost | undefined;
  readonly #deps: ShardHostDeps;
  readonly #definition: ShardKindDefinition<Machine>;
  readonly #metrics: ShardMetrics;
  readonly #hosted = new Map<number, Hosted<Machine>>();
  #stopped = false;

  constructor(deps: ShardHostDeps, define: (context: ShardKindContext<Machine>) => ShardKindDefinition<Machine>) {
    this.#deps = deps;
    this.#definition = define({ ...deps, shards: this });
    this.kind = this.#definition.kind;
    this.members = this.#definition.members;
    this.#metrics = new ShardMetrics(deps.deps.meter, this.kind);
  }

  get(shard: number): ShardHandle<Machine> {
    const hosted = this.#hosted.get(shard);
    if (hosted !== undefined) return hosted.runtime;
    const owner = this.#deps.metadata.image().shards.get(shardKey(this.kind, shard))?.owner;
    const self = owner?.coordinatorId === this.#deps.settings.coordinatorId;
    const known = owner === undefined || self ? {} : { owner_id: owner.coordinatorId, owner_address: owner.address };
    const facts = { kind: this.kind, shard: String(shard), ...known };
    throw new MoldauError('NOT_SHARD_OWNER', `shard ${shard} of ${this.kind} is not owned by this coordinator`, facts);
  }

  *all(): Generator<ShardHandle<Machine>> {
    for (const { runtime } of this.#hosted.values()) yield runtime;
  }

  look(): void {
    if (this.#stopped) return;
    const owned = this.#owned();
    for (const [shard, { runtime }] of this.#hosted) if (owned.get(shard) !== runtime.shardEpoch) this.#giveUp(shard);
    for (const [shard, epoch] of owned) if (!this.#hosted.has(shard)) this.#takeUp(shard, epoch);
  }

  async answer(call: ShardCall): Promise<ShardAnswer['answer']> {
    if (call.call === undefined) throw new MoldauError('INVALID_REQUEST', 'a call of a shard needs to say what', { field: 'call' });
    const { $case, value } = call.call;
    if (SHARD_KIND_OF_CALL[$case] !== this.kind) throw unknownCall($case);
    // The table has for each kind of call the handler of just that kind, which the compiler can't follow through a variable.
    const handler = this.#definition.calls[$case] as AnyHandler<Machine> | undefined;
    if (handler === undefined) throw unknownCall($case);
    if (call.origin === undefined) throw new MoldauError('INVALID_REQUEST', 'a call of a shard needs an origin', { field: 'origin' });
    const { origin, timeoutMs } = call;
    const answer = await handler(this.get(call.shard), value, { namespace: parseNamespace(origin.namespace), origin, timeoutMs });
    return answer === undefined ? undefined : ({ $case, value: answer } as ShardAnswer['answer']);
  }

  stop(): void {
    this.#stopped = true;
    for (const shard of [...this.#hosted.keys()]) this.#giveUp(shard);
    this.#definition.stop?.();
  }

  /** Shards that the metadata gives to this life of this instance, with their epochs. */
  #owned(): ReadonlyMap<number, number> {
    const { metadata, settings } = this.#deps;
    const { shards, cluster } = metadata.image();
    const life = this.#deps.life();
    const owned = new Map<number, number>();
    for (let shard = 0; shard < (cluster?.shards ?? 0); shard += 1) {
      const record = shards.get(shardKey(this.kind, shard));
      if (record?.owner?.coordinatorId !== settings.coordinatorId || record.owner.coordinatorEpoch !== life) continue;
      owned.set(shard, record.shardEpoch);
    }
    return owned;
  }

  #takeUp(shard: number, shardEpoch: number): void {
    const { deps, brokers, appends, metadata } = this.#deps;
    const { clock, scheduler, logger } = deps;
    const image = metadata.image.bind(metadata);
    const log = new PartitionShardLog({ scheduler, brokers, appends, image }, this.kind, shard);
    const which = { kind: this.kind, shard, shardEpoch };
    const runtime: ShardRuntime<Machine> = new ShardRuntime(
      {
        clock,
        scheduler,
        log,
        metrics: this.#metrics,
        newMachine: () => this.#definition.createMachine({ index: shard, shardEpoch }),
        onActive: () => {
          logger.debug('a shard is loaded', which);
          this.#definition.activated?.(runtime);
        },
        onLost: (error) => {
          logger.warn('a shard is lost', { ...which, reason: error.reason, error: error.message });
          this.#lost(shard, runtime, error);
        },
      },
      { index: shard, shardEpoch },
    );
    this.#hosted.set(shard, { runtime, again: undefined });
    runtime.start();
  }

  /** Where another has written, the metadata will soon say so; else the shard is still ours. */
  #lost(shard: number, runtime: ShardRuntime<Machine>, error: MoldauError): void {
    const hosted = this.#hosted.get(shard);
    if (hosted?.runtime !== runtime || error.reason === 'FENCED_SHARD') return;
    hosted.again = this.#deps.deps.scheduler.after(CLAIM_AGAIN_MS, () => {
      this.#giveUp(shard);
      this.look();
    });
  }

  #giveUp(shard: number): void {
    const hosted = this.#hosted.get(shard);
    this.#hosted.delete(shard);
    hosted?.again?.cancel();
    hosted?.runtime.close();
  }
}

type AnyHandler<Machine extends ShardMachine> = (
  shard: ShardHandle<Machine>,
  request: unknown,
  context: ShardCallContext,
) => Promise<unknown>;

function unknownCall(name: string): MoldauError {
  return new MoldauError('UNKNOWN_METHOD', `this coordinator answers no call '${name}' of a shard`, { method: name });
}
