import { isVisible, type TopicImage } from '@moldau/cluster';
import { MoldauError, type Scheduler, type TopicId } from '@moldau/kernel';
import {
  type BrokerMetadata,
  metadataService,
  type ServerCall,
  type TopicMetadata,
  type WatchMetadataRequest,
  type WatchMetadataResponse,
} from '@moldau/protocol';
import type { Deadline, DeadlineWheel } from '../limits/deadline-wheel.ts';
import { changedTopics } from '../metadata/changed-topics.ts';
import type { ClusterChange } from '../metadata/cluster-state.ts';
import { describeBrokers, describeTopic, missingTopic } from '../metadata/topic-description.ts';
import { type RegisteredMethod, type ServerStreamingEvents, serverStreaming } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { LongStream, StreamRegistry } from '../request/stream-registry.ts';
import { describeMetadata, type MetadataDeps, validateTopicsWanted } from './get-metadata.ts';

/** Clients give a broker up after three: by then the controller has given it up too, and others know who leads instead. */
const HEARTBEAT_MS = 1_000;

export interface WatchMetadataDeps extends MetadataDeps {
  readonly scheduler: Scheduler;
  readonly wheel: DeadlineWheel;
  readonly streams: StreamRegistry;
}

/**
 * `MetadataService.WatchMetadata`: everything asked for, then what changes, all changes of a turn in one message. For a
 * client that does not read, changes are remembered by topic and sent as they are when it does.
 */
export function watchMetadataMethod(deps: WatchMetadataDeps): RegisteredMethod {
  return serverStreaming(metadataService.watchMetadata, (request, call, context) => new MetadataWatch(deps, request, call, context));
}

class MetadataWatch implements ServerStreamingEvents<WatchMetadataRequest>, LongStream {
  readonly #deps: WatchMetadataDeps;
  readonly #call: ServerCall<WatchMetadataResponse>;
  readonly #context: RequestContext;
  readonly #wanted: { readonly all: boolean; readonly names: ReadonlySet<string>; readonly ids: ReadonlySet<string> };
  /** Topics the client was told of, with their names: for when they are gone. */
  readonly #told = new Map<TopicId, string>();
  #changed = new Set<TopicId>();
  #everything = false;
  #brokers = '';
  #armed = false;
  #blocked = false;
  #closed = false;
  #silence: Deadline | undefined;
  readonly #unlisten: () => void;

  /** @throws MoldauError INVALID_REQUEST, BROKER_STARTING */
  constructor(deps: WatchMetadataDeps, request: WatchMetadataRequest, call: ServerCall<WatchMetadataResponse>, context: RequestContext) {
    this.#deps = deps;
    this.#call = call;
    this.#context = context;
    validateTopicsWanted(request);
    const of = (kind: 'name' | 'topicId'): Set<string> =>
      new Set(request.topics.flatMap(({ selector }) => (selector?.$case === kind ? [selector.value] : [])));
    this.#wanted = { all: request.allTopics, names: of('name'), ids: of('topicId') };
    const snapshot = describeMetadata(deps, deps.cluster.image, request, context);
    for (const topic of snapshot.topics) if (topic.topicId !== '') this.#told.set(topic.topicId as TopicId, topic.name);
    this.#brokers = JSON.stringify(snapshot.brokers);
    this.#unlisten = deps.cluster.listen((change) => this.#noticed(change));
    deps.streams.add(this);
    this.#send({ frame: { $case: 'snapshot', value: snapshot } });
  }

  drained(): void {
    this.#blocked = false;
    this.#arm();
  }

  closed(): void {
    this.#closed = true;
    this.#silence?.cancel();
    this.#unlisten();
    this.#deps.streams.remove(this);
  }

  goAway(message: string): void {
    if (this.#closed) return;
    this.#call.send({ frame: { $case: 'goAway', value: { message, address: undefined } } });
    this.#call.close();
  }

  abandon(): void {
    if (!this.#closed) this.#call.close(new MoldauError('SHUTTING_DOWN', 'the broker is stopping', {}));
  }

  #noticed({ delta }: ClusterChange): void {
    const topics = changedTopics(delta);
    if (topics === undefined) this.#everything = true;
    else for (const topicId of topics) this.#changed.add(topicId);
    this.#arm();
  }

  #arm(): void {
    if (this.#armed || this.#blocked || this.#closed) return;
    this.#armed = true;
    this.#deps.scheduler.nextTurn(() => {
      this.#armed = false;
      if (!this.#closed && !this.#blocked) this.#sendChange();
    });
  }

  #sendChange(): void {
    const { image } = this.#deps.cluster;
    const candidates = this.#everything ? new Set([...image.topics.keys(), ...this.#told.keys()]) : this.#changed;
    this.#everything = false;
    this.#changed = new Set();
    const topics: TopicMetadata[] = [];
    for (const topicId of candidates) {
      const topic = this.#describe(topicId, image.topics.get(topicId));
      if (topic !== undefined) topics.push(topic);
    }
    const brokers = this.#changedBrokers(describeBrokers(image, this.#context.listener));
    if (topics.length === 0 && brokers.length === 0) return;
    this.#send({ frame: { $case: 'change', value: { metadataVersion: image.version, brokers, topics } } });
  }

  /** What the client is told of the topic now; undefined when it is none of its business. */
  #describe(topicId: TopicId, topic: TopicImage | undefined): TopicMetadata | undefined {
    const { cluster, settings } = this.#deps;
    if (topic !== undefined && isVisible(topic, this.#context.namespace) && this.#wants(topic)) {
      this.#told.set(topicId, topic.name);
      return describeTopic(cluster.image, topic, settings);
    }
    const name = this.#told.get(topicId);
    if (name === undefined) return undefined;
    this.#told.delete(topicId);
    return { ...missingTopic({ selector: { $case: 'topicId', value: topicId } }), topicId, name };
  }

  #wants({ name, topicId }: TopicImage): boolean {
    return this.#wanted.all || this.#wanted.names.has(name) || this.#wanted.ids.has(topicId);
  }

  #changedBrokers(brokers: BrokerMetadata[]): BrokerMetadata[] {
    const text = JSON.stringify(brokers);
    if (text === this.#brokers) return [];
    this.#brokers = text;
    return brokers;
  }

  #send(message: WatchMetadataResponse): void {
    if (!this.#call.send(message)) this.#blocked = true;
    this.#silence?.cancel();
    this.#silence = this.#deps.wheel.after(HEARTBEAT_MS, () => {
      if (!this.#closed && !this.#blocked) this.#send({ frame: { $case: 'heartbeat', value: {} } });
    });
  }
}
