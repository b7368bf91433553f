import { NO_WATERMARK } from './watermarks.ts';

/** Event time that travels with a committed offset, so that a restart closes the same windows. */
export interface CommittedTime {
  /** Largest timestamp that was read of the partition. */
  readonly maxTimestampMs: number;
  readonly watermarkMs: number;
}

const VERSION = 't1';
const NOTHING: CommittedTime = { maxTimestampMs: NO_WATERMARK, watermarkMs: NO_WATERMARK };

/** `t1;<largest timestamp>;<watermark>`; `-` for none. */
export function encodeCommittedTime({ maxTimestampMs, watermarkMs }: CommittedTime): string {
  return [VERSION, text(maxTimestampMs), text(watermarkMs)].join(';');
}

/** Metadata of other makers says nothing. */
export function decodeCommittedTime(metadata: string): CommittedTime {
  const match = /^t1;(-|\d+);(-|\d+)$/.exec(metadata);
  if (match === null) return NOTHING;
  return { maxTimestampMs: time(match[1]), watermarkMs: time(match[2]) };
}

function text(timeMs: number): string {
  return timeMs === NO_WATERMARK ? '-' : String(timeMs);
}

function time(part: string | undefined): number {
  return part === undefined || part === '-' ? NO_WATERMARK : Number(part);
}
