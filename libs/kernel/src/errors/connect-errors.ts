import { type CatalogueEntry, row } from './catalogue-entry.ts';

/** Of connectors and the workers that run them. */
export const CONNECT_ERRORS = {
  CONNECTOR_NOT_FOUND: row(200, 'NOT_FOUND', 'final', 'definite', 'No connector has that name.'),
  CONNECTOR_EXISTS: row(201, 'ALREADY_EXISTS', 'final', 'definite', 'A connector has that name already.'),
  CONNECTOR_CONFIG_INVALID: row(
    202,
    'INVALID_ARGUMENT',
    'final',
    'definite',
    'Settings of the connector are unknown, missing or outside their limits; the message names all of them.',
  ),
  PLUGIN_NOT_FOUND: row(203, 'NOT_FOUND', 'final', 'definite', 'No plugin of the workers has a connector of that class.'),
  CONNECTOR_TASK_NOT_FOUND: row(204, 'NOT_FOUND', 'final', 'definite', 'The connector has no task of that number.'),
  CONNECTOR_NOT_STOPPED: row(
    205,
    'FAILED_PRECONDITION',
    'final',
    'definite',
    'Offsets of a connector can be changed only while it is stopped and none of its tasks runs.',
  ),
  REBALANCE_IN_PROGRESS: row(
    206,
    'UNAVAILABLE',
    'retriable',
    'definite',
    'The connect cluster has no leader at the moment, or it changes: the request was not carried out.',
  ),
  CONNECT_NOT_READY: row(207, 'UNAVAILABLE', 'retriable', 'definite', 'The worker has not read the state of its connect cluster yet.'),
  CONNECTOR_OFFSETS_INVALID: row(208, 'INVALID_ARGUMENT', 'final', 'definite', 'A partition or offset of a connector is malformed.'),
} as const satisfies Record<string, CatalogueEntry>;
