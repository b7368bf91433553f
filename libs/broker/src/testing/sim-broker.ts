import {
  brokerId,
  type CallMetadata,
  type Channel,
  type ComposedMessage,
  composedBytes,
  type MethodPath,
  type ServerStream,
  type Status,
  type StreamEvents,
} from '@moldau/kernel';
import {
  Acks,
  type ClientCall,
  type ClientStreamEvents,
  callUnary,
  type Method,
  openStream,
  type ProduceBatch,
  type ProduceBatchResult,
  producerService,
} from '@moldau/protocol';
import { type BatchFields, compress, decompress, RecordBatchBuilder } from '@moldau/records';
import {
  RecordingLogger,
  RecordingMeter,
  SeededIds,
  SeededRandom,
  SimCompute,
  SimDisk,
  SimNetwork,
  type SimProcess,
  SimScheduler,
} from '@moldau/testkit';
import { type Broker, createBroker } from '../broker.ts';
import type { BrokerOptions } from '../options.ts';
import type { TransactionCoordinator } from '../transactions/transaction-coordinator.ts';
import { FakeController } from './fake-controller.ts';
import { tamperedConnector } from './tampered-connector.ts';

const CALL_TIMEOUT_MS = 10_000;
const CLIENT_PORT = 9092;
const INTERNAL_PORT = 9093;

/** One life of a broker's process. */
export interface SimLife {
  readonly name: string;
  readonly seed: number;
  /** Changes what arrives on its streams. */
  readonly tamper: (path: MethodPath, bytes: Uint8Array) => Uint8Array;
  /** Stands for the coordinators of transactions. */
  readonly transactions: TransactionCoordinator;
}

/** One broker with a fake controller and a client, in virtual time, on a simulated disk and network. */
export class SimBroker {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly controller: FakeController;
  readonly logger = new RecordingLogger();
  readonly meter = new RecordingMeter();
  readonly disk: SimDisk;
  readonly process: SimProcess;
  readonly broker: Broker;
  readonly channel: Channel;
  fatal: string | undefined;

  /** `peer`: another broker of the same cluster. `life`: what to call the node, and the seed of what is random in it. */
  constructor(options: Partial<BrokerOptions> = {}, disk?: SimDisk, peer?: SimBroker, life: Partial<SimLife> = {}) {
    this.scheduler = peer?.scheduler ?? new SimScheduler();
    this.network = peer?.network ?? new SimNetwork({ scheduler: this.scheduler });
    this.controller = peer?.controller ?? new FakeController();
    this.disk = disk ?? new SimDisk({ scheduler: this.scheduler });
    if (peer === undefined) {
      const coordinator = this.scheduler.createProcess();
      this.network.node('coordinator', coordinator.scheduler).serve(INTERNAL_PORT, 'internal', this.controller.handlers());
    }
    this.process = this.scheduler.createProcess();
    const { name = peer === undefined ? 'broker' : 'peer', seed = 1 } = life;
    const node = this.network.node(name, this.process.scheduler);
    const random = new SeededRandom(seed);
    this.broker = createBroker(
      {
        disk: this.disk,
        clock: this.process.clock,
        scheduler: this.process.scheduler,
        random,
        ids: new SeededIds(random),
        compute: new SimCompute({ codecs: { compress, decompress }, scheduler: this.process.scheduler, latency: () => 3 }),
        connector: life.tamper === undefined ? node.connector : tamperedConnector(node.connector, life.tamper),
        logger: this.logger,
        meter: this.meter,
        transactions: life.transactions,
      },
      {
        brokerId: brokerId(1),
        dataDirectory: '/data',
        coordinators: ['coordinator:9093'],
        endpoints: () =>
          new Map([
            ['client', { host: name, port: CLIENT_PORT }],
            ['internal', { host: name, port: INTERNAL_PORT }],
          ]),
        ...options,
      },
    );
    this.broker.onFatal((error) => {
      this.fatal = error.reason;
    });
    node.serve(CLIENT_PORT, 'client', this.broker.clientHandlers);
    node.serve(INTERNAL_PORT, 'internal', this.broker.internalHandlers);
    this.channel = this.network.node('client', this.scheduler.createProcess().scheduler).connector.connect(`${name}:${CLIENT_PORT}`);
  }

  /** A broker that serves. */
  static async started(options: Partial<BrokerOptions> = {}, life: Partial<SimLife> = {}): Promise<SimBroker> {
    const sim = new SimBroker(options, undefined, undefined, life);
    await sim.scheduler.until(sim.broker.start());
    return sim;
  }

  /** Creates a topic and waits until the broker leads it. */
  async topic(name: string, options: Parameters<FakeController['createTopic']>[1] = {}): Promise<string> {
    const topicId = this.controller.createTopic(name, options);
    await this.scheduler.runFor(50);
    return topicId;
  }

  call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: { readonly metadata?: CallMetadata; readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<Response> {
    return this.scheduler.until(callUnary(this.channel, method, request, { timeoutMs: CALL_TIMEOUT_MS, ...options }));
  }

  /** Produces batches, each given as bytes, to one partition; the results. */
  async produce(
    topicId: string,
    batches: readonly Uint8Array[],
    options: {
      readonly acks?: Acks;
      readonly partition?: number;
      readonly leaderEpoch?: number;
      readonly timeoutMs?: number;
      readonly transactionalId?: string | undefined;
    } = {},
  ): Promise<ProduceBatchResult[]> {
    const response = await this.call(
      producerService.produce,
      {
        acks: options.acks ?? Acks.ALL,
        timeoutMs: options.timeoutMs,
        batches: batches.map((recordBatch, at) => produceBatch(topicId, recordBatch, { ...options, batchId: at })),
      },
      { timeoutMs: 60_000 },
    );
    return response.results;
  }

  open<Request, Response>(
    method: Method<Request, Response>,
    events: Partial<ClientStreamEvents<Response>> = {},
  ): OpenedStream<Request, Response> {
    const messages: Response[] = [];
    const opened: OpenedStream<Request, Response> = {
      messages,
      closed: undefined,
      call: openStream(
        this.channel,
        method,
        {},
        {
          message: (message) => {
            messages.push(message);
            events.message?.(message);
          },
          closed: (error) => {
            opened.closed = error?.reason ?? 'OK';
          },
        },
      ),
    };
    return opened;
  }
}

/** A stream that a test has opened. */
export interface OpenedStream<Request, Response> {
  readonly call: ClientCall<Request>;
  readonly messages: Response[];
  /** Name of the error it ended with, or `OK`; undefined while it is open. */
  closed: string | undefined;
}

export function produceBatch(
  topicId: string,
  recordBatch: Uint8Array,
  options: {
    readonly batchId?: number;
    readonly partition?: number;
    readonly leaderEpoch?: number;
    readonly transactionalId?: string | undefined;
  } = {},
): ProduceBatch {
  const { batchId = 0, partition = 0, leaderEpoch, transactionalId } = options;
  return { batchId, topicId, partition, leaderEpoch, recordBatch, transactionalId };
}

/** A batch of records with these values; the key is null unless given. */
export function batchOf(
  values: readonly string[],
  fields: BatchFields & { readonly timestampMs?: number; readonly key?: string | null } = {},
): Uint8Array {
  const builder = new RecordBatchBuilder({ targetBytes: 8 * 1024 * 1024, maxBytes: 8 * 1024 * 1024 });
  const { timestampMs = 1_767_225_600_000, key = null, ...rest } = fields;
  for (const value of values) builder.append(timestampMs, key === null ? null : Buffer.from(key), Buffer.from(value));
  return new Uint8Array(builder.build(rest));
}

/** A server's end of a stream that takes nothing until told: a client that does not read. */
export class StuckStream implements ServerStream {
  readonly written: Uint8Array[] = [];
  status: Status | undefined;
  paused = false;
  writable = true;
  events: StreamEvents | undefined;

  write(message: Uint8Array): boolean {
    this.written.push(message);
    return this.writable;
  }

  writeComposed(message: ComposedMessage): boolean {
    return this.write(composedBytes(message));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  close(status: Status): void {
    if (this.status !== undefined) return;
    this.status = status;
    this.events?.closed(status);
  }
}

/** Opens a stream of the broker's handlers directly, without a network. */
export function openDirect(sim: SimBroker, path: MethodPath): StuckStream {
  const handler = sim.broker.clientHandlers.get(path);
  if (handler?.kind !== 'stream') throw new Error(`${path} is no stream`);
  const stream = new StuckStream();
  const incoming = {
    path,
    listener: 'client',
    peer: 'direct:1',
    metadata: new Map(),
    timeoutMs: undefined,
    signal: new AbortController().signal,
  };
  stream.events = handler.open(stream, incoming);
  return stream;
}
