import type { MoldauError } from '@moldau/kernel';
import { type CallHandlers, type IncomingCall, type MethodPath } from '@moldau/kernel';
import {
  AddPartitionsRequest,
  AddPartitionsResponse,
  adminService,
  BrokerRecord,
  type BrokerSessionResponse,
  ClusterRecord,
  ConfigRecord,
  CreateTopicsRequest,
  CreateTopicsResponse,
  coordinatorService,
  DeletedTopicRecord,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
  decodeMessage,
  encodeMessage,
  type ForwardRequest,
  type MetadataEntry,
  type RegisterBroker,
  type ServerCall,
  type StreamMetadataResponse,
  serverStreamHandler,
  streamHandler,
  unaryHandler,
} from '@moldau/protocol';
import { FakePartitions } from './fake-partitions.ts';
import { type FakeTopicOptions, topicRecord } from './fake-topic.ts';

export const FAKE_CLUSTER_ID = '11111111-1111-4111-8111-111111111111';
const CONTROLLER_EPOCH = 7;
const PRODUCER_ID_BLOCK = 100;

/** Speaks `CoordinatorService` from one map of keys: as much of a controller as one broker needs, and wrong on demand. */
export class FakeController {
  readonly forwarded: ForwardRequest[] = [];
  /** While set, `Forward` and `AllocateProducerIds` fail with it. */
  failure: MoldauError | undefined;
  /** Whether heartbeats are answered, and the broker is let serve. */
  silent = false;
  keepFenced = false;
  controllerEpoch = CONTROLLER_EPOCH;
  registrations: RegisterBroker[] = [];
  removedTopicIds = new Set<string>();
  wantedShutdown = false;
  #revision = 1;
  #nextTopic = 1;
  #nextProducerId = 1_000;
  readonly #brokers = new Map<number, BrokerRecord>();
  readonly #keys = new Map<string, MetadataEntry>();
  readonly #streams = new Set<ServerCall<StreamMetadataResponse>>();
  readonly #sessions = new Set<ServerCall<BrokerSessionResponse>>();
  /** Records of partitions, and the changes of them that leaders propose. */
  readonly partitions = new FakePartitions({
    brokerEpoch: (brokerId) => this.brokerEpoch(brokerId),
    mayJoin: (brokerId, epoch) => this.#brokers.get(brokerId)?.fenced === false && this.brokerEpoch(brokerId) === epoch,
    write: (values) => this.write(values),
  });

  constructor() {
    this.write({ cluster: encodeMessage(ClusterRecord, { clusterId: FAKE_CLUSTER_ID, createdAtMs: 0 }) });
  }

  /** Epoch of that broker's registration; 0: it has none. */
  brokerEpoch(brokerId = 1): number {
    return this.#brokers.get(brokerId)?.brokerEpoch ?? 0;
  }

  handlers(): CallHandlers {
    return new Map<MethodPath, ReturnType<typeof unaryHandler>>([
      [coordinatorService.brokerSession.path, this.#sessionHandler()],
      [
        coordinatorService.streamMetadata.path,
        serverStreamHandler(coordinatorService.streamMetadata, (request, call: ServerCall<StreamMetadataResponse>) => {
          this.#streams.add(call);
          if (request.fromVersion === 0 || request.fromVersion > this.#revision) {
            call.send({ ...this.#message([...this.#keys.values()]), snapshot: true, snapshotEnd: true });
          } else {
            call.send(this.#message([...this.#keys.values()].filter((entry) => entry.revision > request.fromVersion)));
          }
          return { closed: () => this.#streams.delete(call) };
        }),
      ],
      [
        coordinatorService.allocateProducerIds.path,
        unaryHandler(coordinatorService.allocateProducerIds, async () => {
          if (this.failure !== undefined) throw this.failure;
          this.#nextProducerId += PRODUCER_ID_BLOCK;
          return { firstProducerId: this.#nextProducerId - PRODUCER_ID_BLOCK, count: PRODUCER_ID_BLOCK };
        }),
      ],
      [
        coordinatorService.alterPartitions.path,
        unaryHandler(coordinatorService.alterPartitions, async ({ proposals }) => {
          if (this.failure !== undefined) throw this.failure;
          return { results: proposals.map((proposal) => this.partitions.alter(proposal)) };
        }),
      ],
      [
        coordinatorService.forward.path,
        unaryHandler(coordinatorService.forward, async (request: ForwardRequest, _incoming: IncomingCall) => {
          this.forwarded.push(request);
          if (this.failure !== undefined) throw this.failure;
          return { payload: this.#forward(request) };
        }),
      ],
    ]);
  }

  /** Writes keys in one revision; undefined deletes. */
  write(values: Readonly<Record<string, Uint8Array | undefined>>): void {
    this.#revision += 1;
    const entries = Object.entries(values).map(([key, value]) => ({ key, value, revision: this.#revision }));
    for (const entry of entries) {
      if (entry.value === undefined) this.#keys.delete(entry.key);
      else this.#keys.set(entry.key, entry);
    }
    for (const stream of this.#streams) stream.send(this.#message(entries));
  }

  /** Sends a sign of life on every metadata stream. */
  progress(): void {
    for (const stream of this.#streams) stream.send(this.#message([]));
  }

  /** Creates a topic whose partitions are led at once; returns its id. */
  createTopic(name: string, options: FakeTopicOptions = {}): string {
    const topicId = `00000000-0000-4000-8000-${String(this.#nextTopic++).padStart(12, '0')}`;
    const { partitions = 1, configs } = options;
    const values: Record<string, Uint8Array> = {};
    for (let index = 0; index < partitions; index += 1) Object.assign(values, this.partitions.set(topicId, index, 1, options));
    values[`topics/${topicId}`] = topicRecord(topicId, name, options);
    if (configs !== undefined) {
      values[`configs/topics/${topicId}`] = encodeMessage(ConfigRecord, { values: new Map(Object.entries(configs)) });
    }
    this.write(values);
    return topicId;
  }

  /** Writes a partition's record anew. */
  setPartition(topicId: string, index: number, leaderEpoch: number, options: FakeTopicOptions = {}): void {
    this.write(this.partitions.set(topicId, index, leaderEpoch, options));
  }

  /** Takes the topic away; `listed`: as deleted, so that its data goes too. */
  deleteTopic(topicId: string, partitions: number, listed = true): void {
    const values: Record<string, Uint8Array | undefined> = { [`topics/${topicId}`]: undefined, [`configs/topics/${topicId}`]: undefined };
    for (let index = 0; index < partitions; index += 1) values[`partitions/${topicId}/${index}`] = undefined;
    if (listed) {
      const record = { topicId, deletedAtMs: 0, brokerIds: [1] };
      values[`deleted-topics/${topicId}`] = encodeMessage(DeletedTopicRecord, record);
    }
    this.write(values);
  }

  /** Changes a topic's settings. */
  configure(topicId: string, values: Readonly<Record<string, string>>): void {
    this.write({ [`configs/topics/${topicId}`]: encodeMessage(ConfigRecord, { values: new Map(Object.entries(values)) }) });
  }

  /** Takes the broker out of service until it registers again. */
  fence(brokerId: number): void {
    const broker = this.#brokers.get(brokerId);
    if (broker !== undefined) this.#writeBroker({ ...broker, fenced: true });
  }

  /** Registers another life of the broker. */
  supersede(): void {
    const broker = this.#brokers.get(1);
    if (broker === undefined) return;
    const incarnationId = '99999999-9999-4999-8999-999999999999';
    this.#writeBroker({ ...broker, incarnationId, brokerEpoch: this.#revision + 1 });
  }

  /** Breaks every session with this error. */
  breakSessions(error: MoldauError): void {
    for (const session of [...this.#sessions]) session.close(error);
  }

  #sessionHandler(): ReturnType<typeof streamHandler> {
    return streamHandler(coordinatorService.brokerSession, (call: ServerCall<BrokerSessionResponse>) => {
      this.#sessions.add(call);
      let brokerId = 0;
      return {
        message: ({ frame }) => {
          if (this.silent) return;
          if (frame?.$case === 'register') {
            brokerId = frame.value.brokerId;
            this.#register(frame.value, call);
          }
          if (frame?.$case !== 'heartbeat') return;
          const { metadataVersion, removedTopicIds, wantsShutdown, stillServes, damagedReplicas } = frame.value;
          for (const id of removedTopicIds) this.removedTopicIds.add(id);
          for (const { topicId, replicas } of damagedReplicas?.topics ?? []) {
            for (const { partition } of replicas) this.partitions.condemn(topicId, partition, brokerId);
          }
          this.wantedShutdown ||= wantsShutdown;
          const caughtUp = metadataVersion >= this.brokerEpoch(brokerId) && !this.keepFenced;
          const broker = this.#brokers.get(brokerId);
          if (caughtUp && broker?.fenced === true && !wantsShutdown) this.#writeBroker({ ...broker, fenced: false });
          if (broker !== undefined && wantsShutdown && !broker.shuttingDown) this.#writeBroker({ ...broker, shuttingDown: true });
          const fenced = this.#brokers.get(brokerId)?.fenced ?? true;
          const mayShutDown = wantsShutdown && !stillServes;
          call.send({
            frame: { $case: 'heartbeat', value: { fenced, mayShutDown, controllerEpoch: this.controllerEpoch } },
          });
          this.progress();
        },
        ended: () => call.close(),
        closed: () => this.#sessions.delete(call),
      };
    });
  }

  #register(register: RegisterBroker, call: ServerCall<BrokerSessionResponse>): void {
    this.registrations.push(register);
    if (this.#brokers.get(register.brokerId)?.incarnationId !== register.incarnationId) {
      const { brokerId, directoryId, incarnationId, endpoints, rack, softwareVersion } = register;
      this.#writeBroker({
        brokerId,
        directoryId,
        incarnationId,
        endpoints: new Map(endpoints),
        rack,
        fenced: true,
        cordoned: false,
        features: new Map(),
        softwareVersion,
        brokerEpoch: this.#revision + 1,
        shuttingDown: false,
      });
    }
    call.send({
      frame: {
        $case: 'registered',
        value: {
          clusterId: FAKE_CLUSTER_ID,
          brokerEpoch: this.brokerEpoch(register.brokerId),
          controllerEpoch: this.controllerEpoch,
          heartbeatIntervalMs: 500,
          sessionTimeoutMs: 3_000,
        },
      },
    });
  }

  #writeBroker(broker: BrokerRecord): void {
    this.#brokers.set(broker.brokerId, broker);
    this.write({ [`brokers/${broker.brokerId}`]: encodeMessage(BrokerRecord, broker) });
  }

  #forward({ method, payload }: ForwardRequest): Uint8Array {
    switch (method) {
      case adminService.createTopics.path: {
        const request = decodeMessage(CreateTopicsRequest, payload);
        const results = request.topics.map(({ name, partitions = 1 }) => ({
          name,
          topicId: request.dryRun ? '' : this.createTopic(name, { partitions }),
          partitions,
          replicationFactor: 1,
        }));
        return encodeMessage(CreateTopicsResponse, { results });
      }
      case adminService.deleteTopics.path: {
        const results = decodeMessage(DeleteTopicsRequest, payload).topics.map(({ selector }) => {
          const topicId = selector?.value ?? '';
          this.deleteTopic(topicId, 1);
          return { name: '', topicId };
        });
        return encodeMessage(DeleteTopicsResponse, { results });
      }
      case adminService.addPartitions.path: {
        const results = decodeMessage(AddPartitionsRequest, payload).topics.map(({ name }) => ({ name, topicId: '' }));
        return encodeMessage(AddPartitionsResponse, { results });
      }
      default:
        return new Uint8Array(0);
    }
  }

  #message(entries: MetadataEntry[]): StreamMetadataResponse {
    return { version: this.#revision, snapshot: false, snapshotEnd: false, entries, coordinatorAddresses: [] };
  }
}
