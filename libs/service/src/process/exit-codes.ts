import type { ErrorName, MoldauError } from '@moldau/kernel';

/** How a service's process ends. */
export const EXIT_CODES = {
  stopped: { code: 0, meaning: 'stopped as asked, everything flushed' },
  failed: { code: 1, meaning: 'could not start for a reason that has no code of its own; the log names it' },
  crashed: { code: 70, meaning: 'a bug: an exception that nobody caught; the log has it' },
  addressUnusable: { code: 71, meaning: "a listener's address is in use or can't be bound" },
  dataUnusable: {
    code: 74,
    meaning: "the data directory is locked, of another cluster or broker, of a newer format, or can't be read or written",
  },
  shutdownTimedOut: { code: 75, meaning: 'told to stop, and did not finish within shutdownTimeoutMs' },
  misconfigured: { code: 78, meaning: 'a setting is missing, unknown or outside its limits; all of them are named' },
} as const;

/** Ended by a second SIGINT or SIGTERM: 128 + the signal's number, as shells say. */
export const EXIT_SIGNAL_BASE = 128;

const BY_REASON: Partial<Record<ErrorName, keyof typeof EXIT_CODES>> = {
  INVALID_CONFIG: 'misconfigured',
  ADDRESS_IN_USE: 'addressUnusable',
  DATA_DIRECTORY_LOCKED: 'dataUnusable',
  DATA_DIRECTORY_UNUSABLE: 'dataUnusable',
  UNSUPPORTED_FORMAT: 'dataUnusable',
  WRONG_BROKER: 'dataUnusable',
  WRONG_CLUSTER: 'dataUnusable',
  CORRUPT_LOG: 'dataUnusable',
};

/** The exit code of a process that could not start for this error. */
export function exitCodeOf(error: MoldauError): number {
  return EXIT_CODES[BY_REASON[error.reason] ?? 'failed'].code;
}
