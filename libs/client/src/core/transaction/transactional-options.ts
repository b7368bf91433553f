import { MoldauError, NAME_LENGTH_MAX } from '@moldau/kernel';
import { integerOption } from '../client-options.ts';
import { type ProducerSettings, parseProducerOptions } from '../producer/producer-settings.ts';
import type { TransactionalProducerOptions } from './transaction-types.ts';

const TIMEOUT_MS_DEFAULT = 60_000;
/** The server's own limit. */
const TIMEOUT_MS_MAX = 900_000;
const LEGAL_ID = /^[a-zA-Z0-9._-]+$/;

/** The options of a transactional producer, checked and complete. */
export interface TransactionalSettings<K, V> {
  readonly transactionalId: string;
  /** Of each transaction. */
  readonly timeoutMs: number;
  readonly settings: ProducerSettings<K, V>;
}

/** @throws MoldauError INVALID_CONFIG with the option, its value and its limit; INVALID_TRANSACTIONAL_ID */
export function parseTransactionalOptions<K, V>(
  options: TransactionalProducerOptions<K, V>,
  requestTimeoutMs: number,
): TransactionalSettings<K, V> {
  const { transactionalId } = options;
  if (transactionalId.length > NAME_LENGTH_MAX || !LEGAL_ID.test(transactionalId)) {
    const limit = `1–${NAME_LENGTH_MAX} characters of a-z, A-Z, 0-9, '.', '_' and '-'`;
    const facts = { transactional_id: transactionalId, limit };
    throw new MoldauError('INVALID_TRANSACTIONAL_ID', `transactional id '${transactionalId}': ${limit}`, facts);
  }
  return {
    transactionalId,
    timeoutMs: integerOption('timeoutMs', options.timeoutMs, { min: 1, max: TIMEOUT_MS_MAX }, TIMEOUT_MS_DEFAULT),
    settings: { ...parseProducerOptions({ ...options, acks: 'all', idempotent: true }, requestTimeoutMs), transactionalId },
  };
}
