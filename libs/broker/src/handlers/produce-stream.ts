import { assert, MoldauError, type Scheduler } from '@moldau/kernel';
import {
  type ProduceBatchResult,
  type ProduceStreamAppend,
  type ProduceStreamRequest,
  type ProduceStreamResponse,
  producerService,
  type ServerCall,
  type ServerStreamEvents,
} from '@moldau/protocol';
import type { ByteBudget } from '../limits/byte-budget.ts';
import type { TurnShare } from '../limits/turn-share.ts';
import type { BatchSink, PendingBatch } from '../partition/pending-batch.ts';
import type { ProduceIntake } from '../produce/produce-intake.ts';
import { assertCount, PRODUCE_BATCHES_MAX, type ProduceTerms, validateProduceTerms } from '../produce/produce-terms.ts';
import { bidirectional, type RegisteredMethod } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { LongStream, StreamRegistry } from '../request/stream-registry.ts';

/**
 * Bytes of unanswered batches that one stream may have: above the product of bandwidth and delay of a fast link (2 ms at
 * 1 GB/s), and a quarter of the budget of all.
 */
export const MAX_UNANSWERED_BYTES = 8 * 1024 * 1024;
/** Messages that may arrive after reading was paused, from buffers below; a client that sends more ignores its window. */
const PARKED_BYTES_MAX = 2 * MAX_UNANSWERED_BYTES;

export interface ProduceStreamDeps {
  readonly intake: ProduceIntake;
  readonly budget: ByteBudget;
  readonly share: TurnShare;
  readonly scheduler: Scheduler;
  readonly streams: StreamRegistry;
  /** Longest record batch that any topic may allow. */
  readonly maxBatchBytes: number;
}

/**
 * `ProducerService.ProduceStream`: batches are appended in the order they arrive, and all that completes in one turn of
 * the event loop is answered with one message. Reading pauses while the client has more unanswered bytes than it may, the
 * produce budget is full, or this turn's share is spent; what still arrives waits in order.
 */
export function produceStreamMethod(deps: ProduceStreamDeps): RegisteredMethod {
  return bidirectional(producerService.produceStream, (call, context) => new ProduceStream(deps, call, context));
}

interface Parked {
  readonly append: ProduceStreamAppend;
  readonly sizeBytes: number;
  readonly arrivedMs: number;
}

/** configuring → serving → leaving; every state → closed. `leaving`: takes nothing new, answers what it owes. */
type Phase = 'configuring' | 'serving' | 'leaving' | 'closed';

class ProduceStream implements ServerStreamEvents<ProduceStreamRequest>, BatchSink, LongStream {
  readonly #deps: ProduceStreamDeps;
  readonly #call: ServerCall<ProduceStreamResponse>;
  readonly #context: RequestContext;
  #phase: Phase = 'configuring';
  #terms: ProduceTerms | undefined;
  #parked: Parked[] = [];
  #parkedBytes = 0;
  /** Asked the budget or the turn's share to call back. */
  #waiting = false;
  /** The client does not read its answers: no batch is taken until it does. */
  #blocked = false;
  #paused = false;
  #pumping = false;
  #armed = false;
  /** Bytes and number of batches handed to partitions and not answered. */
  #unansweredBytes = 0;
  #unanswered = 0;
  #results: ProduceBatchResult[] = [];
  #firstResultMs = 0;
  #ended = false;

  constructor(deps: ProduceStreamDeps, call: ServerCall<ProduceStreamResponse>, context: RequestContext) {
    this.#deps = deps;
    this.#call = call;
    this.#context = context;
    deps.streams.add(this);
  }

  message({ frame }: ProduceStreamRequest): void {
    if (this.#phase === 'leaving' || this.#phase === 'closed') return;
    if (frame === undefined) throw new MoldauError('INVALID_REQUEST', 'a message of the stream has no frame', { field: 'frame' });
    if (frame.$case === 'configuration') {
      if (this.#phase !== 'configuring') throw outOfOrder('configuration', 'only the first message configures');
      this.#terms = validateProduceTerms(frame.value);
      this.#phase = 'serving';
      const ready = { maxUnansweredBytes: MAX_UNANSWERED_BYTES, maxBatchBytes: this.#deps.maxBatchBytes };
      this.#call.send({ frame: { $case: 'ready', value: ready } });
      return;
    }
    if (this.#phase === 'configuring') throw outOfOrder('append', 'the first message must configure');
    this.#arrived(frame.value);
  }

  drained(): void {
    this.#blocked = false;
    this.#pump();
  }

  ended(): void {
    this.#ended = true;
    this.#closeIfDone();
  }

  closed(): void {
    this.#phase = 'closed';
    this.#parked = [];
    this.#results = [];
    this.#deps.streams.remove(this);
  }

  completed(batch: PendingBatch): void {
    this.#unanswered -= 1;
    this.#unansweredBytes -= batch.sizeBytes;
    this.#deps.budget.give(batch.sizeBytes);
    if (this.#phase === 'closed') return;
    if (batch.acks !== 'none' || batch.error !== undefined) this.#answer(batch);
    this.#arm();
  }

  goAway(message: string): void {
    if (this.#phase === 'closed' || this.#phase === 'leaving') return;
    this.#phase = 'leaving';
    this.#call.send({ frame: { $case: 'goAway', value: { message, address: undefined } } });
    // What was never handed to a partition is not answered: the client sends it again elsewhere.
    this.#parked = [];
    this.#closeIfDone();
  }

  abandon(): void {
    if (this.#phase !== 'closed') this.#call.close(new MoldauError('SHUTTING_DOWN', 'the broker is stopping', {}));
  }

  #arrived(append: ProduceStreamAppend): void {
    assertCount('batches', append.batches.length, PRODUCE_BATCHES_MAX);
    let sizeBytes = 0;
    for (const batch of append.batches) sizeBytes += batch.recordBatch.length;
    if (this.#parkedBytes + sizeBytes > PARKED_BYTES_MAX) {
      const facts = { value: String(this.#parkedBytes + sizeBytes), limit: String(MAX_UNANSWERED_BYTES) };
      throw new MoldauError('INVALID_REQUEST', 'the client sends far more than max_unanswered_bytes allows', facts);
    }
    this.#parked.push({ append, sizeBytes, arrivedMs: this.#deps.intake.clock.monotonicMs() });
    this.#parkedBytes += sizeBytes;
    this.#pump();
  }

  /** Hands parked messages to their partitions, in order, for as long as nothing holds them up. */
  #pump(): void {
    // A batch that completes at once must not let the next message overtake the rest of its own.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#phase === 'serving' && this.#parked.length > 0 && !this.#waiting && !this.#blocked) {
      const next = this.#parked[0]!;
      const window = this.#unanswered === 0 || this.#unansweredBytes + next.sizeBytes <= MAX_UNANSWERED_BYTES;
      // Completion of an unanswered batch comes back here; the other two say when to come back.
      if (!window) break;
      if (!this.#deps.share.left) {
        this.#waitFor((retry) => this.#deps.share.whenNextTurn(retry));
        break;
      }
      if (!this.#deps.budget.tryTake(next.sizeBytes)) {
        this.#waitFor((retry) => this.#deps.budget.whenFreed(() => this.#deps.share.whenNextTurn(retry)));
        break;
      }
      this.#parked.shift();
      this.#parkedBytes -= next.sizeBytes;
      this.#append(next);
    }
    this.#pumping = false;
    this.#setPaused(this.#parked.length > 0);
  }

  #append({ append, sizeBytes, arrivedMs }: Parked): void {
    const { intake, share } = this.#deps;
    assert(this.#terms !== undefined, 'a stream that takes batches is configured', {});
    share.spend(sizeBytes);
    this.#unanswered += append.batches.length;
    this.#unansweredBytes += sizeBytes;
    const startedMs = intake.clock.monotonicMs();
    const origin = { context: this.#context, terms: this.#terms, sink: this, arrivedMs };
    for (const batch of append.batches) intake.submit(origin, batch, batch.batchId);
    intake.noteAppend(origin, startedMs);
  }

  #waitFor(register: (retry: () => void) => void): void {
    this.#waiting = true;
    register(() => {
      this.#waiting = false;
      this.#pump();
    });
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused || this.#phase === 'closed') return;
    this.#paused = paused;
    if (paused) this.#call.pause();
    else this.#call.resume();
  }

  #answer(batch: PendingBatch): void {
    if (this.#results.length === 0) this.#firstResultMs = this.#deps.intake.clock.monotonicMs();
    this.#results.push(this.#deps.intake.toResult(batch, batch.id, this.#context));
  }

  /** What completes in this turn is answered together, and makes room for more, in the next: never inside the log's own call. */
  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#deps.scheduler.nextTurn(() => {
      this.#armed = false;
      if (this.#phase === 'closed') return;
      this.#flush();
      this.#pump();
      this.#closeIfDone();
    });
  }

  #flush(): void {
    if (this.#results.length === 0) return;
    const results = this.#results;
    this.#results = [];
    if (!this.#call.send({ frame: { $case: 'results', value: { results } } })) this.#blocked = true;
    this.#deps.intake.noteResponse(this.#deps.intake.clock.monotonicMs() - this.#firstResultMs);
  }

  /** The client has ended or is sent away, and nothing is owed to it any more. */
  #closeIfDone(): void {
    if (this.#phase === 'closed' || this.#unanswered > 0 || this.#results.length > 0 || this.#parked.length > 0) return;
    if (this.#ended || this.#phase === 'leaving') this.#call.close();
  }
}

function outOfOrder(frame: string, why: string): MoldauError {
  return new MoldauError('INVALID_REQUEST', `a ${frame} message came out of order: ${why}`, { field: 'frame', value: frame });
}
