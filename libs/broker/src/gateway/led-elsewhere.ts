import type { MoldauError, Scheduler } from '@moldau/kernel';

/**
 * How long the Gateway looks for the leader of a partition before it says that there is none: a leader that dies is followed by
 * another within a second, one that falls silent within its session of 3 s.
 */
export const LEADER_SEARCH_MS = 5_000;
/** Between two tries: metadata comes from the controller within milliseconds of an election. */
const PAUSE_MS = 50;

/** Whether the error says that this broker does not lead, or can't be asked, and surely did nothing. */
export function isLedElsewhere({ reason }: MoldauError): boolean {
  switch (reason) {
    case 'NOT_LEADER':
    case 'LEADER_NOT_AVAILABLE':
    case 'FENCED_LEADER_EPOCH':
    case 'UNKNOWN_LEADER_EPOCH':
    case 'SERVER_UNREACHABLE':
    case 'BROKER_STARTING':
    case 'SHUTTING_DOWN':
      return true;
    default:
      return false;
  }
}

/** Whether the leader has gone, and with it what it did: what may be done twice is asked of the next one. */
export function isLeaderLost(error: MoldauError): boolean {
  return isLedElsewhere(error) || error.reason === 'CONNECTION_FAILED' || error.reason === 'LEADER_CHANGED_AFTER_APPEND';
}

/** Gives the metadata time to change. */
export function pauseBeforeNextTry(scheduler: Scheduler): Promise<void> {
  return new Promise((resolve) => scheduler.after(PAUSE_MS, resolve));
}
