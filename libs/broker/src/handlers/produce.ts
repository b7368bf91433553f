import { type ProduceBatchResult, type ProduceRequest, type ProduceResponse, producerService } from '@moldau/protocol';
import type { ByteBudget } from '../limits/byte-budget.ts';
import type { PendingBatch } from '../partition/pending-batch.ts';
import type { ProduceIntake } from '../produce/produce-intake.ts';
import {
  assertCount,
  invalidField,
  PRODUCE_BATCHES_MAX,
  PRODUCE_MESSAGE_BYTES_MAX,
  validateProduceTerms,
} from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

export interface ProduceDeps {
  readonly intake: ProduceIntake;
  readonly budget: ByteBudget;
}

/**
 * `ProducerService.Produce`: appends the batches in the request's order before anything else can happen, then answers
 * when each of them is confirmed or failed. Its bytes count against the produce budget until then.
 */
export function produceMethod(deps: ProduceDeps): RegisteredMethod {
  return unary(producerService.produce, (request, context) => {
    const sizeBytes = sizeOf(request);
    if (sizeBytes > PRODUCE_MESSAGE_BYTES_MAX) throw invalidField('batches', `${sizeBytes} bytes`, `at most ${PRODUCE_MESSAGE_BYTES_MAX}`);
    return produce(deps, request, context);
  });
}

/**
 * The same for other handlers: the Gateway publishes through it.
 *
 * @throws MoldauError INVALID_REQUEST, MEMORY_BUDGET_EXHAUSTED
 */
export function produce(deps: ProduceDeps, request: ProduceRequest, context: RequestContext): Promise<ProduceResponse> {
  const { intake, budget } = deps;
  const terms = validateProduceTerms(request);
  assertCount('batches', request.batches.length, PRODUCE_BATCHES_MAX);
  const sizeBytes = sizeOf(request);
  budget.take(sizeBytes);
  const { promise, resolve } = Promise.withResolvers<ProduceResponse>();
  const results: ProduceBatchResult[] = new Array<ProduceBatchResult>(request.batches.length);
  let left = request.batches.length;
  const finish = (): void => {
    budget.give(sizeBytes);
    resolve({ results });
  };
  const sink = {
    completed(batch: PendingBatch): void {
      results[batch.id] = intake.toResult(batch, request.batches[batch.id]!.batchId, context);
      left -= 1;
      if (left === 0) finish();
    },
  };
  const arrivedMs = intake.clock.monotonicMs();
  const origin = { context, terms, sink, arrivedMs };
  if (left === 0) finish();
  request.batches.forEach((batch, index) => intake.submit(origin, batch, index));
  intake.noteAppend(origin, arrivedMs);
  return promise;
}

function sizeOf({ batches }: ProduceRequest): number {
  let bytes = 0;
  for (const { recordBatch } of batches) bytes += recordBatch.length;
  return bytes;
}
