import type { Brand } from './brand.ts';
import { MoldauError } from './errors/moldau-error.ts';

/** 1–249 characters of `[a-zA-Z0-9._-]`, not `.` or `..`; two leading underscores are internal. */
export type TopicName = Brand<string, 'TopicName'>;
/** 1–63 characters of `[a-z0-9-]`. */
export type Namespace = Brand<string, 'Namespace'>;

export const DEFAULT_NAMESPACE = 'default' as Namespace;
export const NAME_LENGTH_MAX = 249;
export const NAMESPACE_LENGTH_MAX = 63;

const LEGAL_NAME = /^[a-zA-Z0-9._-]+$/;
const LEGAL_NAMESPACE = /^[a-z0-9-]+$/;

/** A topic's name in its namespace: internally a name is always the pair. */
export interface QualifiedName {
  readonly namespace: Namespace;
  readonly name: TopicName;
}

/** @throws MoldauError INVALID_TOPIC_NAME with the name and the limit */
export function parseTopicName(value: string): TopicName {
  const limit = nameFault(value);
  if (limit !== undefined) throw new MoldauError('INVALID_TOPIC_NAME', `topic name '${value}': ${limit}`, { name: value, limit });
  return value as TopicName;
}

/** Checks a transactional id, 1–249 characters of `[a-zA-Z0-9._-]`. @throws MoldauError INVALID_TRANSACTIONAL_ID with the name and the limit */
export function assertTransactionalId(value: string): void {
  const limit = nameFault(value);
  if (limit === undefined) return;
  const shown = value.slice(0, NAME_LENGTH_MAX);
  throw new MoldauError('INVALID_TRANSACTIONAL_ID', `transactional id '${shown}': ${limit}`, { transactional_id: shown, limit });
}

/** @throws MoldauError INVALID_NAMESPACE with the name and the limit */
export function parseNamespace(value: string): Namespace {
  const fits = value.length >= 1 && value.length <= NAMESPACE_LENGTH_MAX && LEGAL_NAMESPACE.test(value);
  const limit = `1–${NAMESPACE_LENGTH_MAX} characters of a-z, 0-9 and '-'`;
  if (!fits) throw new MoldauError('INVALID_NAMESPACE', `namespace '${value}': ${limit}`, { namespace: value, limit });
  return value as Namespace;
}

export function isInternalName(name: string): boolean {
  return name.startsWith('__');
}

function nameFault(value: string): string | undefined {
  if (value.length < 1 || value.length > NAME_LENGTH_MAX) return `1–${NAME_LENGTH_MAX} characters are allowed, this has ${value.length}`;
  if (value === '.' || value === '..') return "'.' and '..' are not allowed";
  if (!LEGAL_NAME.test(value)) return "only a-z, A-Z, 0-9, '.', '_' and '-' are allowed";
  return undefined;
}
