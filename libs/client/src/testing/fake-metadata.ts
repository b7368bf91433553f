import type { CallHandler, MethodPath, MoldauError } from '@moldau/kernel';
import {
  type BrokerMetadata,
  type GetMetadataRequest,
  type GetMetadataResponse,
  metadataService,
  type ServerCall,
  serverStreamHandler,
  type TopicMetadata,
  type TopicSelector,
  unaryHandler,
  type WatchMetadataRequest,
  type WatchMetadataResponse,
} from '@moldau/protocol';
import type { FakeCluster } from './fake-cluster.ts';

const CLUSTER_ID = '00000000-0000-4000-8000-000000000000';

/** After so much silence a watch says that it lives. */
const HEARTBEAT_MS = 1_000;

/** GetMetadata and WatchMetadata, as the real broker. */
export function fakeMetadataHandlers(cluster: FakeCluster, brokerId: number): [MethodPath, CallHandler][] {
  return [
    [
      metadataService.getMetadata.path,
      unaryHandler(metadataService.getMetadata, async (request) => {
        const fault = cluster.faults.metadata?.(brokerId);
        if (fault !== undefined) throw fault;
        cluster.metadataRequests += 1;
        return describe(cluster, brokerId, request);
      }),
    ],
    [metadataService.watchMetadata.path, watchHandler(cluster, brokerId)],
  ];
}

function watchHandler(cluster: FakeCluster, brokerId: number): CallHandler {
  return {
    kind: 'stream',
    open(stream, incoming) {
      const handler = serverStreamHandler(
        metadataService.watchMetadata,
        (request, call) => new FakeWatch(cluster, brokerId, request, { call, raw: (bytes) => stream.write(bytes) }),
      );
      if (handler.kind !== 'stream') throw new Error('a streaming method has a stream handler');
      return handler.open(stream, incoming);
    },
  };
}

interface FakeWatchCall {
  readonly call: ServerCall<WatchMetadataResponse>;
  raw(bytes: Uint8Array): void;
}

function describe(cluster: FakeCluster, brokerId: number, { topics }: GetMetadataRequest): GetMetadataResponse {
  return {
    clusterId: CLUSTER_ID,
    metadataVersion: cluster.version,
    brokers: brokersOf(cluster),
    topics: topics.map((selector) => cluster.describeTopic(selector)),
    brokerId,
  };
}

function brokersOf(cluster: FakeCluster): BrokerMetadata[] {
  return [...cluster.brokers].map(([id, { host, port }]) => ({ brokerId: id, host, port, rack: undefined }));
}

/** A stream of changes; specs speak through it what no broker would say by itself. */
export class FakeWatch {
  readonly brokerId: number;
  readonly topics: readonly TopicSelector[];
  readonly #cluster: FakeCluster;
  readonly #call: FakeWatchCall;
  readonly #unlisten: () => void;
  /** Each topic as it was told last, to send only what changed. */
  readonly #told = new Map<string, string>();
  #brokers = '';
  #scheduled = false;
  #open = true;

  /** @throws MoldauError as the script says */
  constructor(cluster: FakeCluster, brokerId: number, request: WatchMetadataRequest, call: FakeWatchCall) {
    const fault = cluster.faults.watch?.(brokerId);
    if (fault !== undefined) throw fault;
    this.#cluster = cluster;
    this.brokerId = brokerId;
    this.topics = request.topics;
    this.#call = call;
    const snapshot = describe(cluster, brokerId, { ...request, allTopics: false });
    for (const topic of snapshot.topics) this.#told.set(topic.name, JSON.stringify(topic));
    this.#brokers = JSON.stringify(snapshot.brokers);
    this.#unlisten = cluster.listen(() => this.#schedule());
    cluster.watches.add(this);
    this.send({ frame: { $case: 'snapshot', value: snapshot } });
    this.#beat();
  }

  send(message: WatchMetadataResponse): void {
    if (this.#open) this.#call.call.send(message);
  }

  /** The bytes of one message as they are. */
  sendRaw(bytes: Uint8Array): void {
    if (this.#open) this.#call.raw(bytes);
  }

  break(error?: MoldauError): void {
    if (!this.#open) return;
    this.closed();
    this.#call.call.close(error);
  }

  closed(): void {
    this.#open = false;
    this.#unlisten();
    this.#cluster.watches.delete(this);
  }

  #beat(): void {
    this.#cluster.scheduler.after(
      HEARTBEAT_MS,
      () => {
        if (!this.#open) return;
        this.send({ frame: { $case: 'heartbeat', value: {} } });
        this.#beat();
      },
      { background: true },
    );
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#cluster.scheduler.nextTurn(() => {
      this.#scheduled = false;
      if (this.#open && this.#cluster.faults.silentWatch?.(this.brokerId) !== true) this.#change();
    });
  }

  #change(): void {
    const changed: TopicMetadata[] = [];
    for (const selector of this.topics) {
      const topic = this.#cluster.describeTopic(selector);
      const text = JSON.stringify(topic);
      if (this.#told.get(topic.name) === text) continue;
      this.#told.set(topic.name, text);
      changed.push(topic);
    }
    const brokers = brokersOf(this.#cluster);
    const sameBrokers = JSON.stringify(brokers) === this.#brokers;
    this.#brokers = JSON.stringify(brokers);
    if (changed.length === 0 && sameBrokers) return;
    const value = { metadataVersion: this.#cluster.version, brokers: sameBrokers ? [] : brokers, topics: changed };
    this.send({ frame: { $case: 'change', value } });
  }
}
