import { MoldauError } from '@moldau/kernel';
import {
  gatewayService,
  type PublishStreamAnswer,
  type PublishStreamRequest,
  type PublishStreamResponse,
  type ServerCall,
  type ServerStreamEvents,
} from '@moldau/protocol';
import type { Publisher } from '../gateway/publish.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { bidirectional, type RegisteredMethod } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { LongStream, StreamRegistry } from '../request/stream-registry.ts';

/** Requests of one stream that may be unanswered: reading pauses there. */
const UNANSWERED_MAX = 1_000;
/** Records of one stream that may be unanswered: as many as one request may have. Reading pauses there too. */
const UNANSWERED_RECORDS_MAX = 10_000;
/** What may arrive after that from buffers below; a client that sends more ignores its window. */
const UNANSWERED_REFUSED = 2 * UNANSWERED_MAX;

export interface PublishStreamDeps {
  readonly publisher: Publisher;
  readonly locator: PartitionLocator;
  readonly streams: StreamRegistry;
}

/** `GatewayService.PublishStream`: requests are appended as they arrive and answered as they complete. */
export function publishStreamMethod(deps: PublishStreamDeps): RegisteredMethod {
  return bidirectional(gatewayService.publishStream, (call, context) => new PublishStream(deps, call, context));
}

class PublishStream implements ServerStreamEvents<PublishStreamRequest>, LongStream {
  readonly #deps: PublishStreamDeps;
  readonly #call: ServerCall<PublishStreamResponse>;
  readonly #context: RequestContext;
  #unanswered = 0;
  #unansweredRecords = 0;
  /** The client does not read its answers. */
  #blocked = false;
  #paused = false;
  #ended = false;
  #leaving = false;
  #closed = false;

  constructor(deps: PublishStreamDeps, call: ServerCall<PublishStreamResponse>, context: RequestContext) {
    this.#deps = deps;
    this.#call = call;
    this.#context = context;
    deps.streams.add(this);
  }

  message({ requestId, publish }: PublishStreamRequest): void {
    if (this.#leaving || this.#closed) return;
    if (publish === undefined) throw new MoldauError('INVALID_REQUEST', 'a request of the stream publishes nothing', { field: 'publish' });
    if (this.#unanswered >= UNANSWERED_REFUSED) {
      const facts = { value: String(this.#unanswered), limit: String(UNANSWERED_MAX) };
      throw new MoldauError('INVALID_REQUEST', `${this.#unanswered} requests are unanswered; ${UNANSWERED_MAX} are allowed`, facts);
    }
    this.#unanswered += 1;
    const records = publish.records.length;
    this.#unansweredRecords += records;
    this.#deps.publisher.publish(publish, this.#context).then(
      (results) => this.#answer({ requestId, results, error: undefined }, records),
      (caught: unknown) => {
        const error = this.#deps.locator.toItem(MoldauError.from(caught), this.#context);
        this.#answer({ requestId, results: [], error }, records);
      },
    );
    this.#setPaused();
  }

  drained(): void {
    this.#blocked = false;
    this.#setPaused();
  }

  ended(): void {
    this.#ended = true;
    this.#closeIfDone();
  }

  closed(): void {
    this.#closed = true;
    this.#deps.streams.remove(this);
  }

  goAway(message: string): void {
    if (this.#closed || this.#leaving) return;
    this.#leaving = true;
    this.#call.send({ frame: { $case: 'goAway', value: { message, address: undefined } } });
    this.#closeIfDone();
  }

  abandon(): void {
    if (!this.#closed) this.#call.close(new MoldauError('SHUTTING_DOWN', 'the broker is stopping', {}));
  }

  #answer(answer: PublishStreamAnswer, records: number): void {
    this.#unanswered -= 1;
    this.#unansweredRecords -= records;
    if (this.#closed) return;
    if (!this.#call.send({ frame: { $case: 'answer', value: answer } })) this.#blocked = true;
    this.#setPaused();
    this.#closeIfDone();
  }

  #setPaused(): void {
    const paused = this.#blocked || this.#unanswered >= UNANSWERED_MAX || this.#unansweredRecords >= UNANSWERED_RECORDS_MAX;
    if (paused === this.#paused || this.#closed) return;
    this.#paused = paused;
    if (paused) this.#call.pause();
    else this.#call.resume();
  }

  #closeIfDone(): void {
    if (!this.#closed && this.#unanswered === 0 && (this.#ended || this.#leaving)) this.#call.close();
  }
}
