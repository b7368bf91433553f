import type { JsonValue } from '../data/json-value.ts';

/** `${env:NAME}`, `${file:/path}`, `${file:/path:key}`. */
const REFERENCE = /\$\{(env|file):[^}]+\}/;

/** Whether the value holds a reference to a secret, at any depth. */
export function hasReference(value: JsonValue | undefined): boolean {
  if (typeof value === 'string') return REFERENCE.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value as Readonly<Record<string, JsonValue>>).some(hasReference);
}
