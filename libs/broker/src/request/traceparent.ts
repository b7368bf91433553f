import type { TraceContext } from './request-context.ts';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);
const SAMPLED_FLAG = 1;

/** Parses a `traceparent` (W3C Trace Context §3.2); undefined for one that is not legal, which the standard says to ignore. */
export function parseTraceparent(traceparent: string | undefined): TraceContext | undefined {
  const match = traceparent === undefined ? null : TRACEPARENT.exec(traceparent);
  if (match === null) return undefined;
  const [whole, version = '', traceId = '', parentId = '', flags = '', rest] = match;
  if (version === 'ff' || traceId === NO_TRACE || parentId === NO_PARENT) return undefined;
  // Version 00 has exactly four fields; later ones may have more.
  if (version === '00' && rest !== undefined) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & SAMPLED_FLAG) !== 0, traceparent: whole };
}
