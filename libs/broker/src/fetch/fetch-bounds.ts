import type { FetchPartition, FetchRequest } from '@moldau/protocol';
import { invalidField } from '../produce/produce-terms.ts';
import { type ReadIsolation, readIsolation } from './isolation.ts';

const MIB = 1024 * 1024;
const MAX_WAIT_MS_DEFAULT = 500;
const MAX_WAIT_MS_MAX = 60_000;
const MIN_BYTES_DEFAULT = 1;
const MIN_BYTES_MAX = 64 * MIB;
const RESPONSE_BYTES_DEFAULT = 3 * MIB;
const RESPONSE_BYTES_MAX = 50 * MIB;
const PARTITION_BYTES_DEFAULT = MIB;
const PARTITION_BYTES_MAX = 64 * MIB;
/** Share of the fetch budget that one response may fill, whatever the client asked for. */
const BUDGET_SHARE_MAX = 0.25;

/** How much a fetch wants, and how long it waits for that. */
export interface FetchBounds {
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly isolation: ReadIsolation;
}

/** Checks what a fetch asks for and fills its defaults. @throws MoldauError INVALID_REQUEST */
export function fetchBounds(request: FetchRequest, budgetBytes: number): FetchBounds {
  const maxWaitMs = request.maxWaitMs ?? MAX_WAIT_MS_DEFAULT;
  const minBytes = request.minBytes ?? MIN_BYTES_DEFAULT;
  const maxBytes = request.maxBytes ?? RESPONSE_BYTES_DEFAULT;
  if (maxWaitMs < 0 || maxWaitMs > MAX_WAIT_MS_MAX) throw invalidField('max_wait_ms', maxWaitMs, `0 … ${MAX_WAIT_MS_MAX}`);
  if (minBytes < 0 || minBytes > MIN_BYTES_MAX) throw invalidField('min_bytes', minBytes, `0 … ${MIN_BYTES_MAX}`);
  if (maxBytes < 1 || maxBytes > RESPONSE_BYTES_MAX) throw invalidField('max_bytes', maxBytes, `1 … ${RESPONSE_BYTES_MAX}`);
  return {
    maxWaitMs,
    minBytes,
    maxBytes: Math.min(maxBytes, Math.floor(budgetBytes * BUDGET_SHARE_MAX)),
    isolation: readIsolation(request.isolation),
  };
}

/** Most bytes wanted from one partition. @throws MoldauError INVALID_REQUEST */
export function partitionBytes(asked: FetchPartition): number {
  const maxBytes = asked.maxBytes ?? PARTITION_BYTES_DEFAULT;
  if (maxBytes < 1 || maxBytes > PARTITION_BYTES_MAX) throw invalidField('partitions.max_bytes', maxBytes, `1 … ${PARTITION_BYTES_MAX}`);
  return maxBytes;
}
