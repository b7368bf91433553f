import { RetriableError } from '@moldau/connect';
import { DatabaseError } from 'pg';

/** Errors of sockets: the database or the way to it is away. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);
/**
 * Conditions of the database that pass: connection (08), too few resources, a full disk among them (53), operator's
 * intervention such as a restart (57), serialization and deadlock (40), a lock that was not had (55P03), read-only after a
 * failover (25006).
 */
const PASSING = /^(08|53|57|40)|^55P03$|^25006$/;
/** What a value or a row did wrong (22: data, 23: constraints), and types that do not fit (42804). */
const OF_DATA = /^(22|23)|^42804$/;

/** Whether this is about the connection, so that nothing more will come over it. */
function isConnectionLoss(error: unknown): boolean {
  if (error instanceof DatabaseError) return /^(08|57P0[1-4])/.test(error.code ?? '');
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    NETWORK.has(code) ||
    /connection (terminated|ended)|connection timeout|timeout expired|not queryable|client was closed/i.test(error.message)
  );
}

/** An error of the driver as connectors throw them: RetriableError where waiting helps, else with what the database says. */
export function failureOf(error: unknown, what: string): Error {
  const message = `${what}: ${describe(error)}`;
  const passes = isConnectionLoss(error) || (error instanceof DatabaseError && PASSING.test(error.code ?? ''));
  return passes ? new RetriableError(message, { cause: error }) : new Error(message, { cause: error });
}

/** Whether the error is about the values of a row, so that other rows may do. */
export function isDataFault(error: unknown): boolean {
  return causeOf(error) !== undefined && OF_DATA.test(causeOf(error)?.code ?? '');
}

/** Whether a table or a column is not as it was thought to be. */
export function isSchemaChange(error: unknown): boolean {
  return /^42(P01|703)$/.test(causeOf(error)?.code ?? '');
}

function causeOf(error: unknown): DatabaseError | undefined {
  if (error instanceof DatabaseError) return error;
  return error instanceof Error && error.cause instanceof DatabaseError ? error.cause : undefined;
}

function describe(error: unknown): string {
  if (error instanceof DatabaseError) return [error.message, error.detail, `(SQLSTATE ${error.code})`].filter(Boolean).join(' ');
  if (error instanceof AggregateError) return error.errors.map((each) => describe(each)).join('; ');
  return error instanceof Error ? error.message : String(error);
}
