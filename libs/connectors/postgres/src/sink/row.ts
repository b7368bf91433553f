import { type DataFields, type DataValue, type Datum, type Schema, type SinkRecord, type StructSchema } from '@moldau/connect';
import { columnTypeOf, guessColumnType } from './column-type.ts';
import type { PostgresSinkConfig } from './sink-config.ts';

const KAFKA_COLUMNS = ['__connect_topic', '__connect_partition', '__connect_offset'] as const;

/** A column that a record has a value for. */
export interface RowColumn {
  readonly name: string;
  /** Type for a table that has to be made. */
  readonly type: string;
  /** The table may have rows without it. */
  readonly optional: boolean;
}

/** A record as a row: its columns, those of the primary key first, and their values. */
export interface Row {
  readonly columns: readonly RowColumn[];
  readonly values: readonly DataValue[];
  /** How many of the first columns are the primary key. */
  readonly keys: number;
  /** Delete the row of this key. */
  readonly tombstone: boolean;
}

/** Makes rows of records. Columns of one schema are worked out once. */
export class RowMaker {
  readonly #config: PostgresSinkConfig;
  readonly #byKeySchema = new WeakMap<Schema, WeakMap<Schema, readonly RowColumn[]>>();

  constructor(config: PostgresSinkConfig) {
    this.#config = config;
  }

  /** @throws Error that says why the record is no row */
  create(record: SinkRecord): Row {
    const pk = this.#primaryKey(record);
    const value = record.value.value;
    if (value === null || value === undefined) {
      if (!this.#config['delete.enabled']) throw new Error('the value is null; delete.enabled makes that delete the row of its key');
      return { columns: pk.columns(), values: pk.values, keys: pk.values.length, tombstone: true };
    }
    const fields = fieldsOf(record.value, 'value');
    const names = this.#valueNames(fields, record.value.schema, pk.names);
    const values = [...pk.values, ...names.map((name) => fields[name])];
    const make = (): readonly RowColumn[] => [...pk.columns(), ...names.map((name) => columnOf(name, record.value.schema, fields))];
    return { columns: this.#columns(record, make), values, keys: pk.values.length, tombstone: false };
  }

  #columns({ key, value }: SinkRecord, make: () => readonly RowColumn[]): readonly RowColumn[] {
    if (value.schema === undefined) return make();
    const keySchema = key.schema ?? NO_SCHEMA;
    if (key.schema === undefined && this.#config['pk.mode'] === 'record_key') return make();
    let known = this.#byKeySchema.get(keySchema);
    if (known === undefined) this.#byKeySchema.set(keySchema, (known = new WeakMap()));
    let columns = known.get(value.schema);
    if (columns === undefined) known.set(value.schema, (columns = make()));
    return columns;
  }

  #valueNames(fields: DataFields, schema: Schema | undefined, pkNames: readonly string[]): readonly string[] {
    const all = schema?.type === 'struct' ? schema.fields.map(({ name }) => name) : Object.keys(fields);
    const wanted = this.#config['fields.whitelist'];
    return all.filter((name) => !pkNames.includes(name) && (wanted.length === 0 || wanted.includes(name)));
  }

  #primaryKey(record: SinkRecord): PrimaryKey {
    const names = this.#config['pk.fields'];
    switch (this.#config['pk.mode']) {
      case 'none':
        return { names: [], values: [], columns: () => [] };
      case 'kafka':
        return kafkaKey(record, names.length === 0 ? KAFKA_COLUMNS : names);
      case 'record_value':
        return structKey(record.value, 'value', names);
      case 'record_key':
        return recordKey(record.key, names);
    }
  }
}

interface PrimaryKey {
  readonly names: readonly string[];
  readonly values: readonly DataValue[];
  columns(): readonly RowColumn[];
}

const NO_SCHEMA: Schema = { type: 'string' };

function kafkaKey({ source, offset }: SinkRecord, names: readonly string[]): PrimaryKey {
  const types = ['text', 'integer', 'bigint'];
  const columns = names.map((name, index) => ({ name, type: types[index] ?? 'text', optional: false }));
  return { names, values: [source.topic, source.partition, offset], columns: () => columns };
}

function recordKey(key: Datum, names: readonly string[]): PrimaryKey {
  const { value } = key;
  if (value === null || value === undefined) throw new Error('the record has no key, and pk.mode is record_key');
  if (isFields(value)) return structKey(key, 'key', names.length === 0 ? Object.keys(value) : names);
  const [name, ...more] = names;
  if (name === undefined || more.length > 0) throw new Error(`the key is one value, and pk.fields names ${names.length} columns for it`);
  const type = key.schema === undefined ? guessColumnType(value) : columnTypeOf(key.schema);
  return { names, values: [value], columns: () => [{ name, type, optional: false }] };
}

function structKey(datum: Datum, what: 'key' | 'value', names: readonly string[]): PrimaryKey {
  const fields = fieldsOf(datum, what);
  const values = names.map((name) => {
    const value = fields[name];
    if (value === null || value === undefined) throw new Error(`the ${what} has no field ${name}, which pk.fields names`);
    return value;
  });
  return { names, values, columns: () => names.map((name) => ({ ...columnOf(name, datum.schema, fields), optional: false })) };
}

function columnOf(name: string, schema: Schema | undefined, fields: DataFields): RowColumn {
  const own = schema?.type === 'struct' ? fieldSchema(schema, name) : undefined;
  if (own === undefined) return { name, type: guessColumnType(fields[name]), optional: true };
  return { name, type: columnTypeOf(own), optional: own.optional === true || own.default !== undefined };
}

function fieldSchema(schema: StructSchema, name: string): Schema | undefined {
  return schema.fields.find((each) => each.name === name)?.schema;
}

function fieldsOf({ value }: Datum, what: 'key' | 'value'): DataFields {
  if (isFields(value)) return value;
  throw new Error(`the ${what} is no object with fields; a converter such as json gives one`);
}

function isFields(value: DataValue): value is DataFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Map);
}
