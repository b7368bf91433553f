import { ERROR_CATALOGUE, type MoldauError } from '@moldau/kernel';

/** gRPC carries message and facts of a call's error in trailers, where peers allow 8 KiB in all. */
const MESSAGE_LENGTH_MAX = 1024;
/** What a caller sent comes back to it in facts, and may be as long as a message: more than this of it helps nobody. */
const FACT_LENGTH_MAX = 512;

/** The sentence that the other side is told; a bug's own words stay here. */
export function messageOf(error: MoldauError): string {
  return cut(error.reason === 'INTERNAL' ? ERROR_CATALOGUE.INTERNAL.description : error.message, MESSAGE_LENGTH_MAX);
}

/** The facts that the other side is told. */
export function metadataOf(error: MoldauError): Map<string, string> {
  return new Map(Object.entries(error.facts).map(([name, value]) => [name, cut(value, FACT_LENGTH_MAX)]));
}

function cut(text: string, lengthMax: number): string {
  // A cut may go through a surrogate pair, and half of one is no UTF-8.
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1).toWellFormed()}…`;
}
