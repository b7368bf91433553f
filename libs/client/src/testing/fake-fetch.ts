import { type CallHandler, type MethodPath, MoldauError } from '@moldau/kernel';
import {
  errorToItem,
  type FetchedPartition,
  type FetchPartition,
  type FetchRequest,
  type FetchResponse,
  type FetchStreamPosition,
  type FetchStreamRequest,
  type FetchStreamResponse,
  fetchService,
  type OffsetQuery,
  type OffsetQueryResult,
  type ServerCall,
  type ServerStreamEvents,
  streamHandler,
  unaryHandler,
} from '@moldau/protocol';
import { lastOffsetAt } from '@moldau/records';
import type { FakeCluster, FakeStream } from './fake-cluster.ts';
import type { FakePartition } from './fake-partition.ts';

const MAX_WAIT_MS = 500;
const MESSAGE_BYTES = 1024 * 1024;
const CREDIT_BYTES = 16 * 1024 * 1024;
const HEARTBEAT_MS = 5_000;

/** Fetch, FetchStream and ListOffsets, as the real broker. */
export function fakeFetchHandlers(cluster: FakeCluster, brokerId: number): [MethodPath, CallHandler][] {
  return [
    [fetchService.fetch.path, unaryHandler(fetchService.fetch, (request) => longPoll(cluster, brokerId, request))],
    [fetchService.fetchStream.path, streamHandler(fetchService.fetchStream, (call) => new FetchStream(cluster, brokerId, call))],
    [
      fetchService.listOffsets.path,
      unaryHandler(fetchService.listOffsets, async ({ queries }) => ({
        results: queries.map((query) => lookUp(cluster, brokerId, query)),
      })),
    ],
  ];
}

function lookUp(cluster: FakeCluster, brokerId: number, query: OffsetQuery): OffsetQueryResult {
  const { topicId, partition: index, position } = query;
  try {
    const partition = cluster.partition(topicId, index);
    const refusal = partition.refusal(brokerId, query.leaderEpoch);
    if (refusal !== undefined) throw refusal;
    if (position?.$case === 'earliest') return { topicId, partition: index, offset: partition.logStart };
    if (position?.$case !== 'timestampMs') return { topicId, partition: index, offset: partition.end };
    return { topicId, partition: index, ...partition.offsetAtTime(position.value) };
  } catch (caught) {
    return { topicId, partition: index, error: errorToItem(MoldauError.from(caught)) };
  }
}

/** The partition as this broker may read it. @throws MoldauError */
function readable(cluster: FakeCluster, brokerId: number, wanted: FetchPartition | FetchStreamPosition): FakePartition {
  const partition = cluster.partition(wanted.topicId, wanted.partition);
  const refusal = partition.refusal(brokerId, wanted.leaderEpoch) ?? partition.partedFrom(wanted.fetchOffset, wanted.lastFetchedEpoch);
  if (refusal !== undefined) throw refusal;
  return partition;
}

function assertInRange(partition: FakePartition, offset: number): void {
  if (offset >= partition.logStart && offset <= partition.end) return;
  const facts = { first_offset: String(partition.logStart), end_offset: String(partition.end) };
  throw new MoldauError('OFFSET_OUT_OF_RANGE', `offset ${offset} lies outside ${partition.logStart}…${partition.end}`, facts);
}

function fetchNow(cluster: FakeCluster, brokerId: number, request: FetchRequest): FetchedPartition[] {
  return request.partitions.flatMap((wanted): FetchedPartition[] => {
    const place = { topicId: wanted.topicId, partition: wanted.partition };
    const empty = {
      highWatermark: 0,
      lastStableOffset: 0,
      logStartOffset: 0,
      abortedTransactions: [...cluster.abortedTransactions],
      recordBatches: new Uint8Array(),
    };
    try {
      const partition = readable(cluster, brokerId, wanted);
      assertInRange(partition, wanted.fetchOffset);
      const recordBatches = Buffer.concat(partition.read(wanted.fetchOffset, request.maxBytes ?? MESSAGE_BYTES));
      if (recordBatches.length === 0) return [];
      return [{ ...empty, ...place, highWatermark: partition.end, lastStableOffset: partition.end, recordBatches }];
    } catch (caught) {
      return [{ ...empty, ...place, error: errorToItem(MoldauError.from(caught)) }];
    }
  });
}

function longPoll(cluster: FakeCluster, brokerId: number, request: FetchRequest): Promise<FetchResponse> {
  return new Promise((resolve) => {
    const now = fetchNow(cluster, brokerId, request);
    if (now.length > 0) {
      resolve({ partitions: now });
      return;
    }
    const unsubscribes: (() => void)[] = [];
    const finish = (): void => {
      timer.cancel();
      for (const unsubscribe of unsubscribes) unsubscribe();
      resolve({ partitions: fetchNow(cluster, brokerId, request) });
    };
    const timer = cluster.scheduler.after(request.maxWaitMs ?? MAX_WAIT_MS, finish);
    for (const { topicId, partition } of request.partitions) unsubscribes.push(cluster.partition(topicId, partition).subscribe(finish));
  });
}

interface Position {
  readonly wanted: FetchStreamPosition;
  next: number;
  /** High watermark that the client was told last at the end of the log. */
  toldEnd: number;
  readonly unsubscribe: () => void;
}

class FetchStream implements ServerStreamEvents<FetchStreamRequest>, FakeStream {
  readonly #cluster: FakeCluster;
  readonly #brokerId: number;
  readonly #call: ServerCall<FetchStreamResponse>;
  readonly #positions = new Map<number, Position>();
  #messageBytes = MESSAGE_BYTES;
  #credit = CREDIT_BYTES;
  #open = true;
  #scheduled = false;

  constructor(cluster: FakeCluster, brokerId: number, call: ServerCall<FetchStreamResponse>) {
    this.#cluster = cluster;
    this.#brokerId = brokerId;
    this.#call = call;
    cluster.streams.get(brokerId)?.add(this);
    this.#beat();
  }

  goAway(): void {
    this.#call.send({ frame: { $case: 'goAway', value: { message: 'the broker stops' } } });
    this.ended();
  }

  break(): void {
    if (!this.#open) return;
    this.closed();
    this.#call.close(new MoldauError('CONNECTION_FAILED', 'the stream was broken by the script'));
  }

  message({ frame }: FetchStreamRequest): void {
    switch (frame?.$case) {
      case 'configuration':
        this.#messageBytes = frame.value.maxMessageBytes ?? MESSAGE_BYTES;
        this.#credit = frame.value.creditBytes ?? CREDIT_BYTES;
        return;
      case 'assign':
        for (const wanted of frame.value.positions) this.#assign(wanted);
        break;
      case 'unassign':
        for (const id of frame.value.positionIds) this.#drop(id);
        return;
      case 'credit':
        this.#credit += frame.value.bytes;
        break;
      case undefined:
        return;
    }
    this.#schedule();
  }

  ended(): void {
    if (!this.#open) return;
    this.closed();
    this.#call.close();
  }

  closed(): void {
    this.#open = false;
    for (const id of [...this.#positions.keys()]) this.#drop(id);
    this.#cluster.streams.get(this.#brokerId)?.delete(this);
  }

  #assign(wanted: FetchStreamPosition): void {
    this.#drop(wanted.positionId);
    let unsubscribe = (): void => {};
    try {
      unsubscribe = this.#cluster.partition(wanted.topicId, wanted.partition).subscribe(() => this.#schedule());
    } catch (caught) {
      if (!(caught instanceof MoldauError)) throw caught; // the push says that it is unknown
    }
    this.#positions.set(wanted.positionId, { wanted, next: wanted.fetchOffset, toldEnd: -1, unsubscribe });
  }

  #drop(positionId: number): void {
    this.#positions.get(positionId)?.unsubscribe();
    this.#positions.delete(positionId);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#cluster.scheduler.nextTurn(() => {
      this.#scheduled = false;
      if (this.#open) this.#push();
    });
  }

  #push(): void {
    for (let sent = true; sent; ) {
      sent = false;
      for (const position of [...this.#positions.values()]) if (this.#pushOne(position)) sent = true;
    }
  }

  /** Sends a message of one position, if there is something and credit for it. */
  #pushOne(position: Position): boolean {
    const { wanted } = position;
    const abortedTransactions = [...this.#cluster.abortedTransactions];
    const empty = { positionId: wanted.positionId, logStartOffset: 0, abortedTransactions, recordBatches: new Uint8Array() };
    try {
      const partition = readable(this.#cluster, this.#brokerId, wanted);
      assertInRange(partition, position.next);
      const ends = { highWatermark: partition.end, lastStableOffset: partition.end };
      const batches = partition.read(position.next, this.#messageBytes);
      const recordBatches = Buffer.concat(batches);
      const last = batches.at(-1);
      if (last === undefined) {
        if (position.toldEnd === partition.end) return false;
        position.toldEnd = partition.end;
        this.#send([{ ...empty, ...ends }]);
        return false;
      }
      if (recordBatches.length > this.#credit) return false;
      this.#credit -= recordBatches.length;
      position.next = lastOffsetAt(last, 0) + 1;
      position.toldEnd = partition.end;
      this.#send([{ ...empty, ...ends, recordBatches }]);
      return true;
    } catch (caught) {
      this.#drop(wanted.positionId);
      const error = errorToItem(MoldauError.from(caught));
      this.#send([{ ...empty, highWatermark: 0, lastStableOffset: 0, error }]);
      return false;
    }
  }

  #send(partitions: Extract<NonNullable<FetchStreamResponse['frame']>, { $case: 'records' }>['value']['partitions']): void {
    this.#call.send({ frame: { $case: 'records', value: { partitions } } });
  }

  #beat(): void {
    this.#cluster.scheduler.after(
      HEARTBEAT_MS,
      () => {
        if (!this.#open) return;
        this.#call.send({ frame: { $case: 'heartbeat', value: {} } });
        this.#beat();
      },
      { background: true },
    );
  }
}
