import type { JsonObject, JsonValue } from '@moldau/connect';
import type { ConnectorConfig, TargetState } from '../../core/config-record.ts';
import type { OffsetsChange } from '../../core/connect-command.ts';
import { textsOf } from '../thread/validate-config.ts';
import { RestError } from './rest-error.ts';

/** @throws RestError 400 */
export function assertObject(value: unknown, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new RestError(400, `${what} is not a JSON object`);
}

/** A config: texts, or JSON that has an obvious text. @throws RestError 400 */
export function configOf(value: unknown, what: string): ConnectorConfig {
  return textsOf(assertObject(value, what));
}

/** @throws RestError 400 */
export function targetOf(value: JsonValue | undefined): TargetState {
  if (value === undefined || value === null) return 'RUNNING';
  const upper = typeof value === 'string' ? value.toUpperCase() : JSON.stringify(value);
  if (upper === 'RUNNING' || upper === 'PAUSED' || upper === 'STOPPED') return upper;
  throw new RestError(400, `initial_state is '${upper.slice(0, 50)}'; one of RUNNING, PAUSED, STOPPED`);
}

/** `{"offsets": [{"partition": {…}, "offset": {…} | null}]}`. @throws RestError 400 */
export function offsetsOf(body: unknown): OffsetsChange {
  const list = assertObject(body, 'the body')['offsets'];
  if (!Array.isArray(list) || list.length === 0)
    throw new RestError(400, 'Partitions / offsets need to be provided for an alter offsets request');
  return (list as readonly JsonValue[]).map((item) => {
    const { partition, offset } = assertObject(item, 'an item of offsets');
    return { partition: assertObject(partition, 'partition'), offset: offset ?? null };
  });
}
