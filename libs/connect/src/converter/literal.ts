import { DataError } from '../data/data-error.ts';
import { type Datum, NULL_DATUM } from '../data/datum.ts';
import { schemas } from '../data/schemas.ts';
import { parseJson } from './json-text.ts';
import { safe } from './plain-converters.ts';

const WHOLE_TYPES = [
  [schemas.int8(), 2n ** 7n],
  [schemas.int16(), 2n ** 15n],
  [schemas.int32(), 2n ** 31n],
  [schemas.int64(), 2n ** 63n],
] as const;
const FLOAT64 = schemas.float64();
const BOOLEAN = schemas.boolean();
const STRING = schemas.string();
/** Whole numbers of more digits are texts. */
const WHOLE = /^-?\d{1,19}$/;
const FRACTION = /^-?\d+(\.\d+)?([eE][-+]?\d{1,3})?$/;

/**
 * What a text means, as Kafka's `Values.parseString` has it: null, booleans, the smallest whole type that holds a number, floats
 * (float64 always), JSON lists and objects, texts in quotes; anything else is itself.
 */
export function literalOf(text: string): Datum {
  if (text === 'null') return NULL_DATUM;
  if (text === 'true' || text === 'false') return { schema: BOOLEAN, value: text === 'true' };
  const whole = WHOLE.test(text) ? wholeOf(BigInt(text)) : undefined;
  if (whole !== undefined) return whole;
  if (FRACTION.test(text) && !WHOLE.test(text)) return { schema: FLOAT64, value: Number(text) };
  if (/^["[{]/.test(text)) return jsonOf(text);
  return { schema: STRING, value: text };
}

function wholeOf(value: bigint): Datum | undefined {
  const [schema] = WHOLE_TYPES.find(([, limit]) => value >= -limit && value < limit) ?? [];
  return schema === undefined ? undefined : { schema, value: safe(value) };
}

function jsonOf(text: string): Datum {
  try {
    const value = parseJson(text);
    return typeof value === 'string' ? { schema: STRING, value } : { value };
  } catch (error) {
    if (error instanceof DataError) return { schema: STRING, value: text };
    throw error;
  }
}
