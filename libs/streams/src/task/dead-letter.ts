import type { MoldauError } from '@moldau/kernel';
import type { Header, InputRecord } from '../record/record-context.ts';
import type { OutputRecord } from './output.ts';

/** As the SDK's own dead letters are named. */
const PREFIX = 'moldau-dead-letter-';
/** Of the message in a header: a record has a limit. */
const MESSAGE_LENGTH_MAX = 1_000;

export interface DeadLetterCause {
  readonly application: string;
  readonly operator: string;
  readonly error: MoldauError;
}

/** The input record as it was read, with headers that say where it came from and why it is here. */
export function deadLetter(topic: string, source: InputRecord, { application, operator, error }: DeadLetterCause): OutputRecord {
  const cause: readonly (readonly [string, string])[] = [
    ['topic', source.topic],
    ['partition', String(source.partition)],
    ['offset', String(source.offset)],
    ['group', application],
    ['operator', operator],
    ['error', error.facts['error'] ?? error.reason],
    ['message', error.message.slice(0, MESSAGE_LENGTH_MAX)],
  ];
  return {
    topic,
    partition: undefined,
    key: source.key,
    value: source.value,
    timestampMs: source.timestampMs,
    headers: [...source.headers, ...cause.map(([name, text]): Header => [PREFIX + name, Buffer.from(text, 'utf8')])],
  };
}
