import type { FaultResult, LedgerTotals } from '@moldau/harness';
import colors from 'picocolors';

const COLUMN = 12;

/** `lost` is known at the end only: before, what is acknowledged and not read is on its way. */
export function countsLine({ acknowledged, read, unread, duplicated, failed }: LedgerTotals): string {
  const number = (value: number): string => value.toLocaleString('en');
  return `acknowledged ${number(acknowledged)}  read ${number(read)}  under way ${number(unread)}  failed ${number(failed)}  duplicated ${number(duplicated)}`;
}

export function faultLine(round: number, result: FaultResult): string {
  const { fault, targets, ledGapMs, otherGapMs, readGapMs, returnGapMs, failed, wholeAfterMs } = result;
  const whole = wholeAfterMs === undefined ? colors.red('not whole again') : `whole after ${(wholeAfterMs / 1000).toFixed(1)} s`;
  const led = ledGapMs > 0 ? `acknowledgements paused ${ledGapMs} ms where it led, ` : 'acknowledgements paused ';
  const refused = failed === 0 ? '' : colors.red(`, ${failed} sends failed`);
  const name = `${String(round).padStart(3)}  ${fault.padEnd(COLUMN)}${targets.join(', ')}`;
  return `${name}: ${led}${otherGapMs} ms elsewhere, reads ${readGapMs} ms, at its return ${returnGapMs} ms; ${whole}${refused}`;
}
