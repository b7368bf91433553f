import type { MetadataImage, ShardKindName } from '@moldau/cluster';
import type { BrokerId, Channel, Namespace } from '@moldau/kernel';
import type { CallOrigin, MemberFrame, MemberNotice, Method } from '@moldau/protocol';
import type { ShardAnswerOf, ShardCallCase, ShardCallOf, ShardCalls, ShardHandle, ShardMachine } from '@moldau/shards';
import type { ImageListener } from '../image-keeper.ts';
import type { CoordinatorDeps, CoordinatorSettings } from '../options.ts';

/** One kind of shards as this coordinator hosts it: how its state is kept, and what is asked of it. */
export interface ShardKindDefinition<Machine extends ShardMachine> {
  readonly kind: ShardKindName;
  /** The machine of a shard that this instance has come to own, before it is loaded. */
  createMachine(shard: OwnedShard): Machine;
  /** By the kind of call. A shard that is not owned here has answered NOT_SHARD_OWNER before. */
  readonly calls: ShardCallHandlers<Machine>;
  /** Whom members speak to; a kind without members has none. */
  readonly members?: MemberHost;
  /** The shard is loaded and serves: background work may begin. Its end is the machine's `close`. */
  activated?(shard: ShardHandle<Machine>): void;
  /** The coordinator stops; all machines have been closed. */
  stop?(): void;
}

/** A shard in one epoch of its owner, which is this instance. */
export interface OwnedShard {
  readonly index: number;
  readonly shardEpoch: number;
}

/** What a kind of shards works with. */
export interface ShardKindContext<Machine extends ShardMachine> {
  readonly deps: CoordinatorDeps;
  readonly settings: CoordinatorSettings;
  readonly metadata: ShardMetadata;
  readonly shards: OwnedShards<Machine>;
  /** Shards of any kind, wherever they are owned; those here too. */
  readonly calls: ShardCalls;
  readonly brokers: BrokerChannels;
  readonly controller: ControllerCalls;
}

/** The metadata as this coordinator has it. */
export interface ShardMetadata {
  image(): MetadataImage;
  /** Told of each change; answers how to stop it. */
  listen(listener: ImageListener): () => void;
}

export interface OwnedShards<Machine extends ShardMachine> {
  /** @throws MoldauError NOT_SHARD_OWNER with the owner that is known */
  get(shard: number): ShardHandle<Machine>;
  /** Those that are owned here, loaded or not. */
  all(): Iterable<ShardHandle<Machine>>;
}

/** Connections to the internal listeners of brokers, one each. */
export interface BrokerChannels {
  /** @throws MoldauError LEADER_NOT_AVAILABLE when the broker is not registered, or names no internal address */
  channel(broker: BrokerId): Channel;
}

export interface ControllerCalls {
  /**
   * Calls the active controller, which may be this coordinator, again within the time while there is none.
   *
   * @throws MoldauError COORDINATOR_NOT_AVAILABLE, and what the call throws
   */
  call<Request, Response>(method: Method<Request, Response>, request: Request, timeoutMs: number): Promise<Response>;
}

export interface ShardCallContext {
  readonly namespace: Namespace;
  readonly origin: CallOrigin;
  /** What is left of the caller's time when the call arrived. */
  readonly timeoutMs: number;
}

/** Answers one kind of call; what it throws is the answer's error. */
export type ShardCallHandler<Machine extends ShardMachine, Case extends ShardCallCase> = (
  shard: ShardHandle<Machine>,
  request: ShardCallOf<Case>['value'],
  context: ShardCallContext,
) => Promise<ShardAnswerOf<Case>>;

export type ShardCallHandlers<Machine extends ShardMachine> = { readonly [Case in ShardCallCase]?: ShardCallHandler<Machine, Case> };

/** A broker's stream, by which members that it has are told. */
export interface MemberStream {
  /** "broker/<id>", for logs. */
  readonly caller: string;
  /** Ignored once the stream is over. */
  tell(membership: number, notice: NonNullable<MemberNotice['notice']>): void;
}

/** Takes what members say. Must not throw MoldauErrors: it tells the member. */
export interface MemberHost {
  /** In the order in which the broker sent them. */
  frame(stream: MemberStream, membership: number, frame: NonNullable<MemberFrame['frame']>): void;
  /** The broker's stream is over: no membership of it is told anything any more. */
  closed(stream: MemberStream): void;
}
