import { type CatalogueEntry, row } from './catalogue-entry.ts';

/** Of coordinator shards: who keeps the state of groups and transactions, and over which stream a member is heard. */
export const SHARD_ERRORS = {
  FENCED_SHARD: row(167, 'FAILED_PRECONDITION', 'final', 'definite', 'A newer owner of the coordinator shard has written.'),
  MEMBER_MOVED: row(
    168,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'The member has joined over another stream; it is not heard over this one any more. Its membership goes on.',
  ),
  NOT_SHARD_OWNER: row(
    170,
    'UNAVAILABLE',
    'retriable',
    'definite',
    'This coordinator does not own the shard; its facts name the owner that is known.',
  ),
  COORDINATOR_LOADING: row(
    171,
    'UNAVAILABLE',
    'retriable',
    'definite',
    'The owner of the shard is still reading its state. Nothing was done.',
  ),
  APPEND_CONFLICT: row(
    172,
    'ABORTED',
    'final',
    'definite',
    'The log of the shard does not end where its owner expects; the batch was not written.',
  ),
  SHARD_OVERLOADED: row(
    173,
    'RESOURCE_EXHAUSTED',
    'retriable',
    'definite',
    'As many operations wait for the shard as may. Nothing was done.',
  ),
  NOT_ENOUGH_BROKERS: row(
    174,
    'UNAVAILABLE',
    'retriable',
    'definite',
    'Fewer brokers are registered than an internal topic needs for its replicas.',
  ),
  INTERNAL_TOPIC: row(
    175,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'The topic is one of the cluster itself: only its coordinators write to it, and it is not deleted, enlarged or made to forget by hand.',
  ),
} as const satisfies Record<string, CatalogueEntry>;
