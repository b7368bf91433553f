import { type CallHandler, type MethodPath, MoldauError } from '@moldau/kernel';
import {
  Acks,
  errorToItem,
  type ProduceBatch,
  type ProduceBatchResult,
  type ProduceStreamRequest,
  type ProduceStreamResponse,
  producerService,
  type ServerCall,
  type ServerStreamEvents,
  streamHandler,
  unaryHandler,
} from '@moldau/protocol';
import type { FakeCluster, FakeStream } from './fake-cluster.ts';

const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** InitProducer and ProduceStream, as the real broker; unary Produce is not used by the client. */
export function fakeProduceHandlers(cluster: FakeCluster, brokerId: number): [MethodPath, CallHandler][] {
  return [
    [
      producerService.initProducer.path,
      unaryHandler(producerService.initProducer, async () => {
        const fault = cluster.faults.initProducer?.();
        if (fault !== undefined) throw fault;
        return { producerId: cluster.nextProducerId(), producerEpoch: 0 };
      }),
    ],
    [
      producerService.produceStream.path,
      streamHandler(producerService.produceStream, (call) => new ProduceStream(cluster, brokerId, call)),
    ],
  ];
}

class ProduceStream implements ServerStreamEvents<ProduceStreamRequest>, FakeStream {
  readonly #cluster: FakeCluster;
  readonly #brokerId: number;
  readonly #call: ServerCall<ProduceStreamResponse>;
  #acks: Acks = Acks.ALL;
  readonly #answers: ProduceBatchResult[][] = [];
  #open = true;

  constructor(cluster: FakeCluster, brokerId: number, call: ServerCall<ProduceStreamResponse>) {
    this.#cluster = cluster;
    this.#brokerId = brokerId;
    this.#call = call;
    cluster.streams.get(brokerId)?.add(this);
  }

  goAway(): void {
    this.#call.send({ frame: { $case: 'goAway', value: { message: 'the broker stops' } } });
  }

  break(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#call.close(new MoldauError('CONNECTION_FAILED', 'the stream was broken by the script'));
  }

  message({ frame }: ProduceStreamRequest): void {
    if (!this.#open || frame === undefined) return;
    if (frame.$case === 'configuration') {
      this.#acks = frame.value.acks;
      const ready = { maxUnansweredBytes: this.#cluster.maxUnansweredBytes, maxBatchBytes: MAX_BATCH_BYTES };
      this.#call.send({ frame: { $case: 'ready', value: ready } });
      return;
    }
    this.#cluster.produceMessages += 1;
    const results: ProduceBatchResult[] = [];
    for (const batch of frame.value.batches) {
      const result = this.#batch(batch);
      if (!this.#open) return;
      if (result !== undefined) results.push(result);
    }
    this.#answer(results);
  }

  ended(): void {
    this.#open = false;
    this.#call.close();
  }

  closed(): void {
    this.#open = false;
    this.#cluster.streams.get(this.#brokerId)?.delete(this);
  }

  #batch(batch: ProduceBatch): ProduceBatchResult | undefined {
    const { batchId } = batch;
    try {
      const partition = this.#cluster.partition(batch.topicId, batch.partition);
      const refusal = partition.refusal(this.#brokerId, batch.leaderEpoch);
      if (refusal !== undefined) throw refusal;
      const fault = this.#cluster.faults.produce?.(batch, this.#brokerId);
      if (fault?.t === 'refuse') throw fault.error;
      if (fault?.t === 'break' && !fault.appended) {
        this.break();
        return undefined;
      }
      if (fault?.t === 'ignore') return undefined;
      this.#cluster.transactions.verify(batch, partition);
      const baseOffset = partition.append(batch.recordBatch);
      if (fault?.t === 'append-and-refuse') throw fault.error;
      if (fault?.t === 'break') this.break();
      if (fault?.t === 'silence' || fault?.t === 'break') return undefined;
      return this.#acks === Acks.NONE ? undefined : { batchId, baseOffset, logStartOffset: partition.logStart };
    } catch (caught) {
      return { batchId, error: errorToItem(MoldauError.from(caught)) };
    }
  }

  /** Answers go out in their order, each after its delay. */
  #answer(results: ProduceBatchResult[]): void {
    if (results.length === 0) return;
    this.#answers.push(results);
    if (this.#answers.length === 1) this.#answerNext();
  }

  #answerNext(): void {
    this.#cluster.scheduler.after(this.#cluster.faults.answerDelayMs?.() ?? 0, () => {
      const results = this.#answers.shift();
      if (this.#open && results !== undefined) this.#call.send({ frame: { $case: 'results', value: { results } } });
      if (this.#answers.length > 0) this.#answerNext();
    });
  }
}
