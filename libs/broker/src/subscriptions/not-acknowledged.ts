import { MoldauError } from '@moldau/kernel';
import { errorToItem } from '@moldau/protocol';
import type { SubscribeFrame } from './subscription-ports.ts';

/** Says that these, at least one, are no deliveries that can be acknowledged. */
export function notAcknowledged(deliveryIds: number[]): SubscribeFrame {
  const facts = { value: String(deliveryIds[0]), count: String(deliveryIds.length) };
  const error = new MoldauError('UNKNOWN_DELIVERY', 'no unacknowledged delivery of this stream has the id', facts);
  return { $case: 'notAcknowledged', value: { deliveryIds, error: errorToItem(error) } };
}
