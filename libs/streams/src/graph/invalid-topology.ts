import { type ErrorFacts, MoldauError } from '@moldau/kernel';

/** A topology that can't run, and what of it. */
export function invalidTopology(message: string, facts: ErrorFacts): MoldauError {
  return new MoldauError('INVALID_TOPOLOGY', message, facts);
}
