import type { StartPosition } from '@moldau/client';
import { InvalidArgumentError } from 'commander';

/** ISO dates have a dash or a colon, offsets only digits; milliseconds since the epoch are written `@1700000000000`. */
const OFFSET = /^\d+$/;
const EPOCH_MS = /^@\d+$/;
const ISO_DATE = /^\d{4}-\d{2}-\d{2}/;

/** `earliest`, `latest`, an offset, or a time: ISO 8601 or `@` with milliseconds since the Unix epoch. */
export function startPosition(text: string): StartPosition {
  if (text === 'earliest' || text === 'latest') return text;
  if (OFFSET.test(text) && Number.isSafeInteger(Number(text))) return { offset: Number(text) };
  if (EPOCH_MS.test(text)) return { timestampMs: Number(text.slice(1)) };
  const timestampMs = Date.parse(text);
  if (Number.isNaN(timestampMs) || !ISO_DATE.test(text)) {
    throw new InvalidArgumentError(
      `'${text}' is not earliest, latest, an offset, an ISO time like 2026-01-31T12:00:00Z, or @MILLISECONDS.`,
    );
  }
  return { timestampMs };
}
