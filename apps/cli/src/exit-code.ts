import type { ErrorName, MoldauError } from '@moldau/client';

/** What the shell sees; printed by `moldau --help` and in docs/cli.md. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'the command failed; the error is on standard error' },
  usage: { code: 2, meaning: 'the command line is wrong: unknown option, missing argument, value out of limits' },
  unreachable: { code: 3, meaning: 'no broker answered at the bootstrap addresses' },
  refused: { code: 4, meaning: "the data directory or the address can't be used: locked, in use, of another cluster, newer format" },
  unhealthy: {
    code: 5,
    meaning: '`cluster health` reached the cluster and found something wrong with it, or that the broker may not be stopped',
  },
  interrupted: { code: 130, meaning: "interrupted by the user (128 + the signal's number)" },
} as const;

const UNREACHABLE: ReadonlySet<ErrorName> = new Set<ErrorName>(['SERVER_UNREACHABLE', 'CONNECTION_FAILED', 'BROKER_STARTING']);
const REFUSED: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'ADDRESS_IN_USE',
  'DATA_DIRECTORY_LOCKED',
  'DATA_DIRECTORY_UNUSABLE',
  'UNSUPPORTED_FORMAT',
  'WRONG_BROKER',
  'WRONG_CLUSTER',
]);

export function exitCodeOf(error: MoldauError): number {
  if (UNREACHABLE.has(error.reason)) return EXIT_CODES.unreachable.code;
  if (REFUSED.has(error.reason)) return EXIT_CODES.refused.code;
  // An option of the client, or settings of a service: given here or in the environment, and never sent to anybody.
  if (error.reason === 'INVALID_CONFIG' && ('option' in error.facts || 'settings' in error.facts)) return EXIT_CODES.usage.code;
  return EXIT_CODES.failed.code;
}
