import { producerService } from '@moldau/protocol';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { ProducerIds } from '../session/producer-ids.ts';

/** Every session has an id of its own, so its first epoch is its only one until transactions come. */
const FIRST_PRODUCER_EPOCH = 0;

/** `ProducerService.InitProducer`: a new producer session. */
export function initProducerMethod(ids: ProducerIds): RegisteredMethod {
  return unary(producerService.initProducer, async () => ({ producerId: await ids.next(), producerEpoch: FIRST_PRODUCER_EPOCH }));
}
