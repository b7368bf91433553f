import { MoldauError } from '@moldau/kernel';
import type { FetchStreamConfiguration } from '@moldau/protocol';
import { invalidField } from '../produce/produce-terms.ts';
import { type ReadIsolation, readIsolation } from './isolation.ts';

const MIB = 1024 * 1024;
const MESSAGE_BYTES_DEFAULT = MIB;
const MESSAGE_BYTES_MAX = 50 * MIB;
const CREDIT_BYTES_DEFAULT = 16 * MIB;
/** Share of the fetch budget that one message may fill, whatever the client asked for. */
const BUDGET_SHARE_MAX = 0.25;

/** What a fetch stream was configured for. */
export interface FetchStreamTerms {
  readonly messageBytes: number;
  readonly creditBytes: number;
  readonly isolation: ReadIsolation;
}

/** @throws MoldauError INVALID_REQUEST */
export function fetchStreamTerms(configuration: FetchStreamConfiguration, budgetBytes: number): FetchStreamTerms {
  const isolation = readIsolation(configuration.isolation);
  const { maxMessageBytes = MESSAGE_BYTES_DEFAULT, creditBytes = CREDIT_BYTES_DEFAULT } = configuration;
  if (maxMessageBytes < 1 || maxMessageBytes > MESSAGE_BYTES_MAX)
    throw invalidField('max_message_bytes', maxMessageBytes, `1 … ${MESSAGE_BYTES_MAX}`);
  if (creditBytes < 1) throw invalidField('credit_bytes', creditBytes, '≥ 1');
  return { messageBytes: Math.min(maxMessageBytes, Math.floor(budgetBytes * BUDGET_SHARE_MAX)), creditBytes, isolation };
}

/** How a stream ends whose client has not read for so long. */
export function clientStalled(limitMs: number): MoldauError {
  return new MoldauError('MEMORY_BUDGET_EXHAUSTED', `the client has read nothing for ${limitMs} ms`, {
    budget: 'fetch',
    limit: String(limitMs),
  });
}
