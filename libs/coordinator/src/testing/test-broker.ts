import { applyChanges, EMPTY_IMAGE, type KeyChange, type MetadataImage } from '@moldau/cluster';
import type { Channel, Connector, Ids, MoldauError } from '@moldau/kernel';
import {
  type BrokerHeartbeatAnswer,
  type BrokerRegistered,
  type BrokerSessionRequest,
  type ClientCall,
  coordinatorService,
  openStream,
  type ReplicaReport,
  type StreamMetadataRequest,
  type StreamMetadataResponse,
} from '@moldau/protocol';
import type { SimNetwork, SimProcess } from '@moldau/testkit';

export interface TestBrokerOptions {
  readonly brokerId: number;
  /** Its node in the network. */
  readonly name: string;
  readonly directoryId?: string;
  readonly incarnationId?: string;
  readonly clusterId?: string;
  readonly rack?: string;
  /** What it says of its replicas when it registers. */
  readonly replicas?: ReplicaReport;
}

export interface TestBrokerDeps {
  readonly process: SimProcess;
  readonly connector: Connector;
  /** Of the coordinators there are. */
  addresses(): readonly string[];
  readonly ids: Ids;
  readonly network: SimNetwork;
}

const HEARTBEAT_MS = 500;
const RETRY_MS = 100;
/** A metadata stream says something each second; a silent one leads nowhere. */
const SILENCE_MS_MAX = 3_000;

/** What a broker does towards coordinators: looks for the controller, keeps a session, follows the metadata. */
export class TestBroker {
  readonly brokerId: number;
  readonly name: string;
  readonly directoryId: string;
  readonly incarnationId: string;
  image: MetadataImage = EMPTY_IMAGE;
  registered: BrokerRegistered | undefined;
  lastAnswer: BrokerHeartbeatAnswer | undefined;
  snapshots = 0;
  readonly errors: MoldauError[] = [];
  wantsShutdown = false;
  stillServes = false;
  removedTopicIds: string[] = [];
  damagedReplicas: ReplicaReport | undefined;
  /** No heartbeats while set; the stream stays. */
  silent = false;
  /** Claims to have applied nothing while set. */
  lagging = false;
  /** What heartbeats say of its disk. */
  slowDisk = false;
  private readonly deps: TestBrokerDeps;
  private readonly options: TestBrokerOptions;
  private readonly channels = new Map<string, Channel>();
  private session: ClientCall<BrokerSessionRequest> | undefined;
  private readonly snapshotParts: KeyChange[] = [];
  private metadata: ClientCall<StreamMetadataRequest> | undefined;
  private metadataHeardAtMs = 0;
  private metadataAttempts = 0;
  private inSnapshot = false;
  private attempts = 0;
  private dead = false;

  constructor(deps: TestBrokerDeps, options: TestBrokerOptions) {
    this.deps = deps;
    this.options = options;
    this.brokerId = options.brokerId;
    this.name = options.name;
    this.directoryId = options.directoryId ?? deps.ids.uuid();
    this.incarnationId = options.incarnationId ?? deps.ids.uuid();
  }

  start(): this {
    this.openSession();
    this.openMetadata(0);
    this.beat();
    return this;
  }

  /** kill -9. */
  kill(): void {
    this.dead = true;
    this.deps.process.stop();
    this.deps.network.kill(this.name);
  }

  pause(): void {
    this.deps.process.pause();
  }

  resume(): void {
    this.deps.process.resume();
  }

  /** Breaks the stream; the broker comes back by itself unless told not to. */
  breakSession(): void {
    this.session?.cancel();
  }

  serving(): boolean {
    return this.lastAnswer?.fenced === false;
  }

  private channel(attempt: number): Channel {
    const addresses = this.deps.addresses();
    const address = addresses[attempt % addresses.length] ?? '';
    const channel = this.channels.get(address) ?? this.deps.connector.connect(address);
    this.channels.set(address, channel);
    return channel;
  }

  private openSession(): void {
    if (this.dead) return;
    const { clusterId = '', rack, replicas } = this.options;
    const session = openStream(
      this.channel(this.attempts),
      coordinatorService.brokerSession,
      {},
      {
        message: ({ frame }) => {
          if (frame?.$case === 'registered') this.registered = frame.value;
          if (frame?.$case === 'heartbeat') this.lastAnswer = frame.value;
        },
        closed: (error) => {
          if (error !== undefined) this.errors.push(error);
          if (this.session === session) this.session = undefined;
          this.registered = undefined;
          this.attempts += 1;
          if (error?.reason !== 'FENCED_BROKER') this.deps.process.scheduler.after(RETRY_MS, () => this.openSession());
        },
      },
    );
    this.session = session;
    const { brokerId, directoryId, incarnationId, name } = this;
    const endpoints = new Map([
      ['client', { host: name, port: 9092 }],
      ['internal', { host: name, port: 9093 }],
    ]);
    const features = new Map([['metadata', { minLevel: 1, maxLevel: 1 }]]);
    const value = {
      clusterId,
      brokerId,
      directoryId,
      incarnationId,
      endpoints,
      rack,
      softwareVersion: 'test',
      features,
      controllerEpoch: 0,
      replicas,
    };
    session.send({ frame: { $case: 'register', value } });
  }

  private beat(): void {
    this.deps.process.scheduler.after(HEARTBEAT_MS, () => this.beat());
    if (this.deps.process.clock.monotonicMs() - this.metadataHeardAtMs > SILENCE_MS_MAX) this.metadata?.cancel();
    if (this.registered === undefined || this.silent) return;
    const metadataVersion = this.lagging ? 0 : this.image.version;
    const { wantsShutdown, stillServes, removedTopicIds, damagedReplicas, slowDisk } = this;
    const value = { metadataVersion, wantsShutdown, stillServes, offlineDirectoryIds: [], removedTopicIds, damagedReplicas, slowDisk };
    this.session?.send({ frame: { $case: 'heartbeat', value } });
  }

  private openMetadata(fromVersion: number): void {
    if (this.dead) return;
    const { scheduler, clock } = this.deps.process;
    this.metadataHeardAtMs = clock.monotonicMs();
    this.inSnapshot = false;
    const stream = openStream(
      this.channel(this.metadataAttempts),
      coordinatorService.streamMetadata,
      {},
      {
        message: (message) => {
          this.metadataHeardAtMs = clock.monotonicMs();
          this.receive(message);
        },
        closed: () => {
          this.metadataAttempts += 1;
          scheduler.after(RETRY_MS, () => this.openMetadata(this.image.version));
        },
      },
    );
    this.metadata = stream;
    stream.send({ brokerId: this.brokerId, fromVersion });
  }

  private receive({ version, snapshot, snapshotEnd, entries }: StreamMetadataResponse): void {
    const changes = entries.map(({ key, value, revision }) => ({ key, value, revision }));
    if (!snapshot) {
      this.image = applyChanges(this.image, version, changes).image;
      return;
    }
    if (!this.inSnapshot) this.snapshotParts.length = 0;
    this.inSnapshot = !snapshotEnd;
    this.snapshotParts.push(...changes);
    if (!snapshotEnd) return;
    this.snapshots += 1;
    this.image = applyChanges(EMPTY_IMAGE, version, this.snapshotParts.splice(0)).image;
  }
}
