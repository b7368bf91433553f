import { type CatalogueEntry, row } from './catalogue-entry.ts';

/** Of stream applications: their topologies, and the records that they can't take. */
export const STREAMS_ERRORS = {
  INVALID_TOPOLOGY: row(
    230,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    'The topology can not run: a name that is used twice or unknown, a cycle, an operator without input, a setting outside its limits.',
  ),
  UNCONNECTED_STORE: row(
    231,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    'A store is used by no operator, or an operator asks for one that it does not name among its stores.',
  ),
  MISSING_SERDE: row(
    232,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    'Records or state of an operator have to be written, and nothing says in which format.',
  ),
  CO_PARTITION_MISMATCH: row(
    233,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'Topics that are joined have different numbers of partitions, so equal keys do not meet.',
  ),
  INVALID_EVENT_TIME: row(
    234,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    'A record has no usable timestamp: none, negative, or farther in the future than the application allows.',
  ),
  LATE_RECORD: row(235, 'FAILED_PRECONDITION', 'final', 'definite', 'The windows that a record belongs to were closed before it came.'),
  SUPPRESS_BUFFER_FULL: row(
    236,
    'RESOURCE_EXHAUSTED',
    'final',
    'definite',
    'A suppression holds back as many results as it may, and may not let any go early.',
  ),
  STATE_CHANGED_IN_PLACE: row(
    237,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    "A program's function changed a value of a store instead of returning a new one.",
  ),
  INVALID_APPLICATION: row(
    238,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    'A module is no stream application: its export, name, version or a setting is missing or outside its limits.',
  ),
  STATE_STORE_FAILED: row(
    239,
    'RESOURCE_EXHAUSTED',
    'final',
    'definite',
    "A task's state can't be read or written: the disk is full or fails. The task has stopped at its last commit.",
  ),
  STATE_LOCKED: row(240, 'FAILED_PRECONDITION', 'retriable', 'definite', "A task's state is in use by another task or process."),
} as const satisfies Record<string, CatalogueEntry>;
