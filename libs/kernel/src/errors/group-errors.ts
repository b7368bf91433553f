import { type CatalogueEntry, row } from './catalogue-entry.ts';

/** Of consumer groups: who may read and commit what. */
export const GROUP_ERRORS = {
  INVALID_GROUP_ID: row(140, 'INVALID_ARGUMENT', 'final', 'definite', 'The name is not a legal name of a group.'),
  INVALID_TOPIC_PATTERN: row(141, 'INVALID_ARGUMENT', 'final', 'definite', 'The expression is not legal in RE2, or too long.'),
  UNKNOWN_GROUP: row(142, 'NOT_FOUND', 'final', 'definite', 'No group has that name in this namespace.'),
  UNKNOWN_MEMBER: row(143, 'NOT_FOUND', 'final', 'definite', 'The group has no such member: it left, was removed, or never joined.'),
  FENCED_MEMBER_EPOCH: row(
    144,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'The member epoch is not one of this life of the member; it joins again.',
  ),
  FENCED_INSTANCE: row(145, 'FAILED_PRECONDITION', 'final', 'definite', 'A newer life of this static member has joined.'),
  NOT_PARTITION_OWNER: row(
    146,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'The member did not own the partition in the epoch that it named, or owns it no more. Nothing was committed.',
  ),
  GROUP_NOT_EMPTY: row(147, 'FAILED_PRECONDITION', 'final', 'definite', 'The group has members; only they may commit.'),
  GROUP_FULL: row(148, 'RESOURCE_EXHAUSTED', 'final', 'definite', 'The group has as many members as its settings allow.'),
  GROUP_KIND_MISMATCH: row(149, 'FAILED_PRECONDITION', 'final', 'definite', 'The group has members of another kind.'),
  MEMBER_SESSION_EXPIRED: row(150, 'FAILED_PRECONDITION', 'final', 'definite', 'Nothing was heard of the member for its session timeout.'),
  REVOCATION_TIMED_OUT: row(
    151,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'The member did not give up partitions within its rebalance timeout.',
  ),
  PROCESSING_TIMED_OUT: row(
    152,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'The member worked on its records for longer than the processing interval of the group.',
  ),
  OFFSET_UNSTABLE: row(
    153,
    'UNAVAILABLE',
    'retriable',
    'definite',
    'A transaction that is still open would commit another offset for the partition.',
  ),
  UNSUPPORTED_RECORD: row(
    154,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'An internal topic holds a record of a type that this version does not know: a newer one wrote it.',
  ),
  HANDLER_FAILED: row(155, 'UNKNOWN', 'final', 'indefinite', "The program's own handler failed at a record; what it threw is the cause."),
  NO_COMMITTED_OFFSET: row(
    156,
    'NOT_FOUND',
    'final',
    'definite',
    'The group has committed nothing for the partition, and its consumer does not say where to begin.',
  ),
} as const satisfies Record<string, CatalogueEntry>;
