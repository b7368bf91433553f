import type { ConfigDeclaration } from '../config/config-declaration.ts';
import { DataError } from '../data/data-error.ts';
import type { DataRecord } from '../data/data-record.ts';
import type { Datum } from '../data/datum.ts';
import { describeValue } from '../data/describe-value.ts';
import { isFields } from '../data/fields.ts';
import type { StructSchema } from '../data/schema.ts';
import type { DataFields } from '../data/value.ts';

/** Changes one record, or drops it: undefined. @throws DataError if the record is not what the transform needs */
export type Transform = <R extends DataRecord>(record: R) => R | undefined;

/** What a transform works on. */
export type RecordPart = 'key' | 'value';

/** A kind of transform; those that work on a part have two Kafka names each, `X$Key` and `X$Value`. */
export interface TransformDefinition<C = unknown> {
  readonly name: string;
  /** `parts`: one variant for keys and one for values; `record`: a single one. */
  readonly scope: 'parts' | 'record';
  readonly doc: string;
  readonly config: ConfigDeclaration<C>;
  /** `part` means nothing to transforms of the whole record. */
  create(config: C, part: RecordPart): Transform;
}

/** A transform that puts another datum in place of the part. */
export function changesPart(part: RecordPart, change: (datum: Datum, record: DataRecord) => Datum): Transform {
  return (record) => {
    const changed = change(record[part], record);
    return changed === record[part] ? record : { ...record, [part]: changed };
  };
}

/** A datum with fields, taken apart. `schema` is undefined for plain objects. */
export interface FieldsDatum {
  readonly schema: StructSchema | undefined;
  readonly fields: DataFields;
}

/** @throws DataError if the datum has no fields */
export function withFields(datum: Datum, who: string): FieldsDatum {
  const { schema, value } = datum;
  if (schema !== undefined && schema.type !== 'struct') throw new DataError(`${who} needs a struct, not a value of type ${schema.type}`);
  if (!isFields(value)) throw new DataError(`${who} needs fields, not ${describeValue(value)}`);
  return { schema, fields: value };
}

export function isNull(datum: Datum): boolean {
  return datum.value === null || datum.value === undefined;
}
