import type { ResetTarget } from '@moldau/client';
import { InvalidArgumentError } from 'commander';
import { startPosition } from './start-position.ts';

const SHIFT = /^[+-]\d+$/;
const DURATION = /^(\d+)([smhd])$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A start position, `+5` or `-5` records from what is committed, or a duration before now such as `15m`. */
export function resetTarget(text: string): ResetTarget {
  const shift = Number(text);
  if (SHIFT.test(text) && Number.isSafeInteger(shift)) return { shift };
  const [, count = '', unit = ''] = DURATION.exec(text) ?? [];
  const agoMs = Number(count) * (UNIT_MS[unit] ?? 0);
  if (count !== '' && Number.isSafeInteger(agoMs)) return { agoMs };
  try {
    return startPosition(text);
  } catch {
    throw new InvalidArgumentError(
      `'${text}' is not earliest, latest, an offset, an ISO time like 2026-01-31T12:00:00Z, @MILLISECONDS, +N, -N, or a duration like 15m.`,
    );
  }
}
