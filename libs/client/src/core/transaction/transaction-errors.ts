import { type ErrorFacts, MoldauError } from '@moldau/kernel';

function factsOf(transactionalId: string, facts: ErrorFacts = {}): ErrorFacts {
  return { ...facts, transactional_id: transactionalId };
}

/** The call does not fit the producer's state. */
export function stateError(transactionalId: string, what: string, state: string): MoldauError {
  return new MoldauError('INVALID_TRANSACTION_STATE', `${transactionalId}: ${what}`, factsOf(transactionalId, { state }));
}

/** Nothing of the transaction counts. */
export function abortedError(transactionalId: string, cause: MoldauError | undefined): MoldauError {
  const why = cause === undefined ? 'was aborted by its producer' : `can only be aborted: ${cause.message}`;
  const facts = factsOf(transactionalId, cause === undefined ? {} : { reason: cause.reason });
  return new MoldauError(
    'TRANSACTION_ABORTED',
    `the transaction of ${transactionalId} ${why}`,
    facts,
    cause === undefined ? {} : { cause },
  );
}

/** Nobody knows whether the commit was carried out. */
export function outcomeUnknownError(transactionalId: string, cause: MoldauError): MoldauError {
  const message = `whether the transaction of ${transactionalId} is committed is not known: ${cause.message}`;
  return new MoldauError('TRANSACTION_OUTCOME_UNKNOWN', message, factsOf(transactionalId, { reason: cause.reason }), { cause });
}

/** Another producer has the transactional id. */
export function fencedError(transactionalId: string, cause: MoldauError): MoldauError {
  const message = `another producer has the transactional id ${transactionalId}: ${cause.message}`;
  return new MoldauError('FENCED_PRODUCER', message, factsOf(transactionalId, cause.facts), { cause });
}

/** The producer or its transaction is used no more. */
export function closedError(transactionalId: string): MoldauError {
  return new MoldauError('CLIENT_CLOSED', `the transactional producer ${transactionalId} is closed`, factsOf(transactionalId));
}
