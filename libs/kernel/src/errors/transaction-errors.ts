import { type CatalogueEntry, row } from './catalogue-entry.ts';

/** Of transactional ids and their transactions. */
export const TRANSACTION_ERRORS = {
  INVALID_TRANSACTIONAL_ID: row(158, 'INVALID_ARGUMENT', 'final', 'definite', 'The name is not a legal transactional id.'),
  UNKNOWN_TRANSACTIONAL_ID: row(
    160,
    'NOT_FOUND',
    'final',
    'definite',
    'No session of this transactional id is known; it never began or has expired. Initialise the producer.',
  ),
  INVALID_TRANSACTION_TIMEOUT: row(161, 'INVALID_ARGUMENT', 'final', 'definite', 'The transaction timeout is outside its limits.'),
  INVALID_TRANSACTION_STATE: row(
    162,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    "The transaction's state does not allow the request: nothing is under way, or the other outcome is decided.",
  ),
  CONCURRENT_TRANSACTIONS: row(163, 'ABORTED', 'retriable', 'definite', "The producer's previous transaction is still being completed."),
  TRANSACTION_ABORTED: row(
    164,
    'ABORTED',
    'final',
    'definite',
    'The transaction was or must be aborted, because its time was over, a part of it failed or somebody said so: nothing of it counts. Begin anew.',
  ),
  TRANSACTION_TOO_LARGE: row(
    165,
    'RESOURCE_EXHAUSTED',
    'final',
    'definite',
    'The transaction writes to more partitions or groups than one may.',
  ),
  TRANSACTION_NOT_VERIFIED: row(
    166,
    'FAILED_PRECONDITION',
    'retriable',
    'definite',
    'The first batch of a transaction came before the coordinator had confirmed that the partition is part of it.',
  ),
} as const satisfies Record<string, CatalogueEntry>;
