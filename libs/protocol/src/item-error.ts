import { isErrorName, MoldauError } from '@moldau/kernel';
import { messageOf, metadataOf } from './error-text.ts';
import { Certainty, type ItemError } from './gen/moldau/v1/error.ts';

/** The error of one item of a response. */
export function errorToItem(error: MoldauError): ItemError {
  return {
    reason: error.reason,
    message: messageOf(error),
    metadata: metadataOf(error),
    retriable: error.retriable,
    certainty: error.certainty === 'definite' ? Certainty.DEFINITE : Certainty.INDEFINITE,
    retryAfterMs: error.retryAfterMs,
  };
}

/** The error an item tells of. A name this version does not know becomes INTERNAL, with the name in the facts. */
export function itemToError(item: ItemError): MoldauError {
  const facts = Object.fromEntries(item.metadata);
  const options = item.retryAfterMs === undefined ? {} : { retryAfterMs: item.retryAfterMs };
  if (isErrorName(item.reason)) return new MoldauError(item.reason, item.message, facts, options);
  return new MoldauError('INTERNAL', item.message, { ...facts, reason: item.reason }, options);
}
