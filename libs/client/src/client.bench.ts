/** What the SDK itself costs on one core, without network and broker: `node client.bench.ts`. */
import {
  type Channel,
  type ClientStream,
  type Connector,
  composedBytes,
  type LeaderEpoch,
  type MethodPath,
  type Offset,
  type StreamEvents,
} from '@moldau/kernel';
import {
  composeStreamRecords,
  decodeMessage,
  encodeMessage,
  FetchStreamRequest,
  fetchService,
  GetMetadataResponse,
  InitProducerResponse,
  ListOffsetsRequest,
  ListOffsetsResponse,
  metadataService,
  ProduceStreamRequest,
  ProduceStreamResponse,
  producerService,
} from '@moldau/protocol';
import { compress, decompress, nextOffsetAt, RecordBatchBuilder, stampPosition } from '@moldau/records';
import { parseClientOptions } from './core/client-options.ts';
import { Moldau } from './core/moldau.ts';

const TOPIC_ID = '00000000-0000-4000-8000-000000000001';
const PARTITIONS = 6;
const RECORDS = 2_000_000;
const ROUNDS = 4;
/** Only what has this in its name. */
const only = process.argv[2];
const BATCH_BYTES = 64 * 1024;

/** Answers as a broker that has nothing to do: appends vanish, reads find the same batch again and again. */
function createIdleBroker(valueBytes: number): Connector {
  const builder = new RecordBatchBuilder({ targetBytes: BATCH_BYTES, maxBytes: 1 << 20 });
  while (builder.append(1, null, Buffer.alloc(valueBytes, 1)));
  const batch = builder.build();
  const perPartition = Math.ceil(RECORDS / PARTITIONS);
  const unary = async (path: MethodPath, request: Uint8Array): Promise<Uint8Array> => {
    if (path === producerService.initProducer.path) return encodeMessage(InitProducerResponse, { producerId: 1, producerEpoch: 0 });
    if (path === fetchService.listOffsets.path) {
      const { queries } = decodeMessage(ListOffsetsRequest, request);
      const results = queries.map(({ topicId, partition, position }) => ({
        topicId,
        partition,
        offset: position?.$case === 'earliest' ? 0 : perPartition,
      }));
      return encodeMessage(ListOffsetsResponse, { results });
    }
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({
      partition,
      leaderId: 1,
      leaderEpoch: 0,
      replicaIds: [1],
      inSyncReplicaIds: [1],
    }));
    if (path !== metadataService.getMetadata.path) throw new Error(path);
    return encodeMessage(GetMetadataResponse, {
      clusterId: TOPIC_ID,
      metadataVersion: 1,
      brokers: [{ brokerId: 1, host: 'idle', port: 1 }],
      topics: [{ topicId: TOPIC_ID, name: 'bench', internal: false, partitions, maxMessageBytes: 1 << 20 }],
      brokerId: 1,
    });
  };
  const channel: Channel = {
    unary,
    stream: (path, _options, events) =>
      path === producerService.produceStream.path ? produceStream(events) : fetchStream(events, batch, perPartition),
    close: () => {},
  };
  return { connect: () => channel };
}

function clientStream(write: (bytes: Uint8Array) => void): ClientStream {
  return {
    write: (bytes) => {
      write(bytes);
      return true;
    },
    pause: () => {},
    resume: () => {},
    end: () => {},
    cancel: () => {},
  };
}

function produceStream(events: StreamEvents): ClientStream {
  const answer = (frame: NonNullable<ProduceStreamResponse['frame']>): void => {
    setImmediate(() => events.message(encodeMessage(ProduceStreamResponse, { frame })));
  };
  return clientStream((bytes) => {
    const { frame } = decodeMessage(ProduceStreamRequest, bytes);
    if (frame?.$case !== 'append') answer({ $case: 'ready', value: { maxUnansweredBytes: 16 << 20, maxBatchBytes: 1 << 22 } });
    else answer({ $case: 'results', value: { results: frame.value.batches.map(({ batchId }) => ({ batchId, baseOffset: 0 })) } });
  });
}

function fetchStream(events: StreamEvents, batch: Buffer, perPartition: number): ClientStream {
  const positions = new Map<number, number>();
  let credit = 0;
  const push = (): void => {
    for (const [positionId, next] of positions) {
      if (next >= perPartition || credit < batch.length) continue;
      credit -= batch.length;
      const copy = Buffer.from(batch);
      stampPosition(copy, 0, next as Offset, 0 as LeaderEpoch);
      positions.set(positionId, nextOffsetAt(copy, 0));
      const head = { positionId, highWatermark: perPartition, lastStableOffset: perPartition, logStartOffset: 0, abortedTransactions: [] };
      events.message(composedBytes(composeStreamRecords([{ head, batches: [copy] }])));
      setImmediate(push);
    }
  };
  return clientStream((bytes) => {
    const { frame } = decodeMessage(FetchStreamRequest, bytes);
    if (frame?.$case === 'configuration') credit = frame.value.creditBytes ?? 0;
    if (frame?.$case === 'credit') credit += frame.value.bytes;
    if (frame?.$case === 'assign') for (const { positionId, fetchOffset } of frame.value.positions) positions.set(positionId, fetchOffset);
    setImmediate(push);
  });
}

function connect(valueBytes: number): Moldau {
  const settings = parseClientOptions({ bootstrap: 'idle:1' });
  return new Moldau(
    {
      clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() },
      scheduler: {
        nextTurn: (callback) => void setImmediate(callback),
        after(delayMs, callback) {
          const timer = setTimeout(callback, delayMs);
          return { cancel: () => clearTimeout(timer) };
        },
      },
      random: { fraction: Math.random, below: (limit) => Math.floor(Math.random() * limit) },
      compute: {
        compress: async (codec, bytes) => compress(codec, bytes),
        decompress: async (codec, bytes, maxBytes) => decompress(codec, bytes, maxBytes),
      },
      connector: createIdleBroker(valueBytes),
      logger: settings.logger,
    },
    settings,
  );
}

async function report(name: string, work: () => Promise<number>): Promise<void> {
  if (only !== undefined && !name.includes(only)) return;
  const rates: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage();
    const records = await work();
    const { user, system } = process.cpuUsage(before);
    if (round > 0) rates.push((records * 1e6) / (user + system));
  }
  rates.sort((one, other) => one - other);
  process.stdout.write(
    `${name.padEnd(52)} ${Math.round(rates[ROUNDS >> 1]!)
      .toLocaleString('en')
      .padStart(11)} records/s of processor time\n`,
  );
}

async function produce(moldau: Moldau, valueBytes: number, keyed: boolean): Promise<number> {
  const producer = moldau.producer();
  const value = Buffer.alloc(valueBytes, 1);
  const keys = Array.from({ length: 1000 }, (_, index) => Buffer.from(`key-${index}`));
  let acknowledged = 0;
  const count = (): void => {
    acknowledged += 1;
  };
  for (let index = 0; index < RECORDS; index++) {
    const sent = producer.send(keyed ? { topic: 'bench', key: keys[index % 1000]!, value } : { topic: 'bench', value });
    if (index % 100 === 0) void sent.then(count);
    if (index % 64 === 0 && !producer.writable) await producer.drained();
  }
  await producer.close();
  if (acknowledged !== RECORDS / 100) throw new Error(`${acknowledged} acknowledged`);
  return RECORDS;
}

async function consumeBatches(moldau: Moldau): Promise<number> {
  const consumer = moldau.consumer({ assignment: [{ topic: 'bench' }], stopAtEnd: true });
  let records = 0;
  let bytes = 0;
  for await (const batch of consumer.batches()) {
    for (const record of batch) {
      records += 1;
      bytes += record.value?.length ?? 0;
    }
  }
  await consumer.close();
  if (bytes === 0) throw new Error('nothing read');
  return records;
}

async function consumeRecords(moldau: Moldau): Promise<number> {
  const consumer = moldau.consumer({ assignment: [{ topic: 'bench' }], stopAtEnd: true });
  let records = 0;
  let bytes = 0;
  for await (const record of consumer) {
    records += 1;
    bytes += record.value?.length ?? 0;
  }
  await consumer.close();
  if (bytes === 0) throw new Error('nothing read');
  return records;
}

for (const valueBytes of [100, 1000]) {
  const moldau = connect(valueBytes);
  await report(`produce ${valueBytes} B, no key`, () => produce(moldau, valueBytes, false));
  await report(`produce ${valueBytes} B, keyed`, () => produce(moldau, valueBytes, true));
  await report(`consume ${valueBytes} B, by batches`, () => consumeBatches(moldau));
  await report(`consume ${valueBytes} B, by records`, () => consumeRecords(moldau));
  await moldau.close();
}
