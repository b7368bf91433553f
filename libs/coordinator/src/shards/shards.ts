import { type CallHandlers, MoldauError } from '@moldau/kernel';
import {
  type ConnectRequest,
  type ConnectResponse,
  coordinatorService,
  type ServerCall,
  type ServerStreamEvents,
  type ShardAnswer,
  type ShardCall,
  shardService,
  streamHandler,
} from '@moldau/protocol';
import { ImageShardDirectory, SHARD_KIND_OF_CALL, ShardCaller } from '@moldau/shards';
import type { ImageKeeper } from '../image-keeper.ts';
import type { CoordinatorDeps, CoordinatorSettings } from '../options.ts';
import { ImageBrokerChannels } from './broker-channels.ts';
import { CallerStream } from './caller-stream.ts';
import { ControllerCaller } from './controller-caller.ts';
import { ShardAppends } from './shard-appends.ts';
import type { HostedKind, ShardKindFactory } from './shard-host.ts';

export interface ShardsDeps extends CoordinatorDeps {
  readonly keeper: ImageKeeper;
  /** Revision at which this life of the instance has announced itself; undefined before. */
  life(): number | undefined;
}

/** Streams of brokers and other coordinators. */
const STREAMS_MAX = 2_000;

/** The shards that this coordinator owns, whoever calls them, and its own way to those of others. */
export class Shards {
  readonly #deps: ShardsDeps;
  readonly #kinds: readonly HostedKind[];
  readonly #streams = new Set<CallerStream>();
  readonly #caller: ShardCaller;
  readonly #brokers: ImageBrokerChannels;
  readonly #controller: ControllerCaller;
  #forget: (() => void) | undefined;

  constructor(deps: ShardsDeps, settings: CoordinatorSettings, kinds: readonly ShardKindFactory[]) {
    this.#deps = deps;
    const { clock, scheduler, random, connector, meter, keeper } = deps;
    const image = keeper.image.bind(keeper);
    this.#brokers = new ImageBrokerChannels(connector, image);
    this.#controller = new ControllerCaller({ clock, scheduler, connector, image });
    const controller = this.#controller;
    const directory = new ImageShardDirectory({
      image,
      listen: (listener) => keeper.listen({ changed: (_, delta) => void (delta.shards && listener()), reloaded: listener }),
      ensure: (request, timeoutMs) => controller.call(coordinatorService.ensureShards, request, timeoutMs),
    });
    const name = `coordinator/${settings.coordinatorId}`;
    this.#caller = new ShardCaller({ clock, scheduler, random, connector, meter, directory, name });
    const calls = this.#caller;
    const brokers = this.#brokers;
    const appends = new ShardAppends(scheduler);
    const { life } = deps;
    this.#kinds = kinds.map((create) => create({ deps, settings, metadata: keeper, calls, brokers, appends, controller, life }));
  }

  handlers(): CallHandlers {
    return new Map([[shardService.connect.path, streamHandler(shardService.connect, (call) => this.#open(call))]]);
  }

  start(): void {
    this.#forget = this.#deps.keeper.listen({
      changed: (_, delta) => {
        if (delta.brokers.size > 0) this.#brokers.look();
        if (delta.shards || delta.coordinators || delta.cluster) this.look();
      },
      reloaded: () => {
        this.#brokers.look();
        this.look();
      },
    });
  }

  /** Owners, or this instance's own life, may have changed. */
  look(): void {
    for (const kind of this.#kinds) kind.look();
  }

  /** Gives all shards back; whoever waits for an answer hears of it by the end of its stream. */
  stop(error: MoldauError): void {
    this.#forget?.();
    for (const kind of this.#kinds) kind.stop();
    for (const stream of [...this.#streams]) stream.close(error);
    this.#caller.close();
    this.#brokers.close();
    this.#controller.close();
  }

  /** @throws MoldauError TOO_MANY_STREAMS, COORDINATOR_NOT_AVAILABLE while there is no metadata */
  #open(call: ServerCall<ConnectResponse>): ServerStreamEvents<ConnectRequest> {
    if (!this.#deps.keeper.isLoaded()) throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'this coordinator has no metadata yet', {});
    if (this.#streams.size >= STREAMS_MAX) {
      throw new MoldauError('TOO_MANY_STREAMS', `${STREAMS_MAX} streams of callers are open`, { limit: String(STREAMS_MAX) });
    }
    const { scheduler, logger } = this.#deps;
    const members = this.#kinds.find((kind) => kind.members !== undefined)?.members;
    const stream = new CallerStream({ scheduler, logger, members, answer: (one) => this.#answer(one) }, call);
    this.#streams.add(stream);
    return {
      message: (message) => stream.message(message),
      drained: () => stream.drained(),
      ended: () => call.close(),
      closed: () => {
        this.#streams.delete(stream);
        stream.closed();
      },
    };
  }

  async #answer(call: ShardCall): Promise<ShardAnswer['answer']> {
    if (call.call === undefined) throw new MoldauError('INVALID_REQUEST', 'a call of a shard needs to say what', { field: 'call' });
    const wanted = SHARD_KIND_OF_CALL[call.call.$case];
    const kind = this.#kinds.find((one) => one.kind === wanted);
    if (kind === undefined) throw new MoldauError('UNKNOWN_METHOD', `this coordinator hosts no ${wanted}`, { method: call.call.$case });
    return kind.answer(call);
  }
}
