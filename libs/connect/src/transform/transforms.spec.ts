import { describe, expect, it } from 'vitest';
import type { SinkRecord } from '../data/data-record.ts';
import type { Datum } from '../data/datum.ts';
import type { JsonObject } from '../data/json-value.ts';
import { schemas } from '../data/schemas.ts';
import type { DataValue } from '../data/value.ts';
import { createSinkRecord } from '../testing/task-contexts.ts';
import { createTransformChain } from './transform-chain.ts';

const KAFKA = 'org.apache.kafka.connect.transforms.';

/** The record after one transform of that class; undefined if it was dropped. */
function apply(type: string, settings: JsonObject, record: SinkRecord): SinkRecord | undefined {
  const prefixed = Object.entries(settings).map(([name, value]) => [`transforms.t.${name}`, value]);
  const chain = createTransformChain({ transforms: 't', 'transforms.t.type': type, ...(Object.fromEntries(prefixed) as JsonObject) });
  if (!chain.ok) throw new Error(chain.errors.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  return chain.apply(record);
}

function valueAfter(type: string, settings: JsonObject, value: DataValue): DataValue {
  return apply(`${KAFKA}${type}`, settings, createSinkRecord(value))?.value.value;
}

function datumAfter(type: string, settings: JsonObject, value: Datum): Datum | undefined {
  return apply(`${KAFKA}${type}`, settings, createSinkRecord(null, { value }))?.value;
}

describe('transforms of plain values', () => {
  it.each<[string, JsonObject, DataValue, DataValue]>([
    ['InsertField$Value', { 'static.field': 'site', 'static.value': 'x' }, { a: 1 }, { a: 1, site: 'x' }],
    ['InsertField$Value', { 'topic.field': 't', 'partition.field': 'p', 'offset.field': 'o' }, {}, { t: 'topic', p: 0, o: 0 }],
    ['InsertField$Value', { 'timestamp.field': 'at!' }, { a: 1 }, { a: 1, at: 0 }],
    ['InsertField$Value', { 'static.field': 'site', 'static.value': 'x' }, null, null],
    ['ReplaceField$Value', { exclude: 'a' }, { a: 1, b: 2 }, { b: 2 }],
    ['ReplaceField$Value', { include: 'a,b', exclude: 'b', renames: 'a:c' }, { a: 1, b: 2, d: 3 }, { c: 1 }],
    ['MaskField$Value', { fields: 'a,b,c' }, { a: 5, b: 'secret', c: true, d: 1 }, { a: 0, b: '', c: false, d: 1 }],
    ['MaskField$Value', { fields: 'a,b', replacement: '7' }, { a: 5, b: 'x' }, { a: 7, b: '7' }],
    ['HoistField$Value', { field: 'line' }, 'text', { line: 'text' }],
    ['HoistField$Value', { field: 'line' }, null, { line: null }],
    ['ExtractField$Value', { field: 'a' }, { a: { b: 1 } }, { b: 1 }],
    ['ExtractField$Value', { field: 'a.b', 'field.syntax.version': 'V2' }, { a: { b: 1 } }, 1],
    ['ExtractField$Value', { field: '`a.b`', 'field.syntax.version': 'V2' }, { 'a.b': 1 }, 1],
    ['ExtractField$Value', { field: 'a' }, null, null],
    ['Cast$Value', { spec: 'a:int32,b:string,c:boolean' }, { a: '12', b: 5, c: 'TRUE' }, { a: 12, b: '5', c: true }],
    ['Cast$Value', { spec: 'float64' }, '1.5', 1.5],
    ['Cast$Value', { spec: 'int8' }, 3.9, 3],
    ['Flatten$Value', {}, { a: { b: { c: 1 }, d: [1] }, e: 2 }, { 'a.b.c': 1, 'a.d': [1], e: 2 }],
    ['Flatten$Value', { delimiter: '_' }, { a: { b: 1 } }, { a_b: 1 }],
    [
      'TimestampConverter$Value',
      { 'target.type': 'string', format: 'yyyy-MM-dd HH:mm:ss', field: 't' },
      { t: 0 },
      { t: '1970-01-01 00:00:00' },
    ],
    ['TimestampConverter$Value', { 'target.type': 'unix', format: 'yyyy-MM-dd' }, '1970-01-02', 86_400_000],
    ['TimestampConverter$Value', { 'target.type': 'unix', 'unix.precision': 'seconds', field: 't' }, { t: 5 }, { t: 5 }],
    ['TimestampConverter$Value', { 'target.type': 'Timestamp', format: "yyyy-MM-dd'T'HH:mm:ssX" }, '1970-01-01T01:00:00+01:00', 0],
  ])('%s with %o makes of %o %o', (type, settings, given, wanted) => {
    expect(valueAfter(type, settings, given)).toEqual(wanted);
  });

  it('by names that end in $Key work on the key and leave the value', () => {
    const record = createSinkRecord({ a: 1 }, { key: { value: { id: 9 } } });
    const changed = apply('ExtractField$Key', { field: 'id' }, record);
    expect(changed?.key.value).toBe(9);
    expect(changed?.value.value).toEqual({ a: 1 });
  });

  it('ValueToKey makes the key of fields of the value', () => {
    expect(apply('ValueToKey', { fields: 'b,a' }, createSinkRecord({ a: 1, b: 2, c: 3 }))?.key.value).toEqual({ b: 2, a: 1 });
  });

  it.each<[string, JsonObject, DataValue, string]>([
    ['Cast$Value', { spec: 'a:int8' }, { a: 128 }, 'number 128 does not fit into int8'],
    ['Cast$Value', { spec: 'a:int32' }, { a: 'x' }, 'the text "x" can\'t be cast to int32'],
    ['InsertField$Value', { 'static.field': 'a', 'static.value': 'b' }, 'text', 'InsertField needs fields, not the text "text"'],
    ['TimestampConverter$Value', { 'target.type': 'unix', format: 'yyyy' }, 'soon', '"soon" is not a time by the pattern yyyy'],
    ['TimestampConverter$Value', { 'target.type': 'unix' }, 'soon', 'TimestampConverter needs a format to read texts'],
    ['MaskField$Value', { fields: 'a', replacement: '7' }, { a: [1] }, 'MaskField puts a replacement only in place of numbers and texts'],
    ['SetSchemaMetadata$Value', { 'schema.name': 'n' }, { a: 1 }, 'SetSchemaMetadata needs a record with a schema'],
  ])('%s with %o refuses %o', (type, settings, given, message) => {
    expect(() => valueAfter(type, settings, given)).toThrow(message);
  });
});

describe('transforms of values with a schema', () => {
  const schema = schemas.struct({ id: schemas.int64(), name: schemas.string({ optional: true, default: 'nobody' }) }, { name: 'Person' });
  const person: Datum = { schema, value: { id: 5, name: null } };

  it('InsertField adds optional fields, or required ones where the name ends in !', () => {
    const settings = { 'topic.field': 'topic', 'timestamp.field': 'at!' };
    expect(datumAfter('InsertField$Value', settings, person)).toEqual({
      schema: schemas.struct(
        [...schema.fields, { name: 'topic', schema: schemas.string({ optional: true }) }, { name: 'at', schema: schemas.timestamp() }],
        { name: 'Person' },
      ),
      value: { id: 5, name: null, topic: 'topic', at: 0 },
    });
  });

  it('ReplaceField renames and leaves out in the schema too', () => {
    expect(datumAfter('ReplaceField$Value', { exclude: 'name', renames: 'id:key' }, person)).toEqual({
      schema: schemas.struct({ key: schemas.int64() }, { name: 'Person' }),
      value: { key: 5 },
    });
  });

  it('ExtractField takes the default of a null field, unless it shall not', () => {
    expect(datumAfter('ExtractField$Value', { field: 'name' }, person)?.value).toBe('nobody');
    expect(datumAfter('ExtractField$Value', { field: 'name', 'replace.null.with.default': 'false' }, person)?.value).toBe(null);
    expect(() => datumAfter('ExtractField$Value', { field: 'nmae' }, person)).toThrow('there is no field "nmae" in the schema');
  });

  it('Cast changes the schema with the value', () => {
    expect(datumAfter('Cast$Value', { spec: 'id:string' }, person)).toEqual({
      schema: schemas.struct([{ name: 'id', schema: schemas.string() }, ...schema.fields.slice(1)], { name: 'Person' }),
      value: { id: '5', name: null },
    });
  });

  it('Flatten makes fields of an optional struct optional', () => {
    const nested = schemas.struct({ inner: schemas.struct({ a: schemas.int32() }, { optional: true }) });
    expect(datumAfter('Flatten$Value', {}, { schema: nested, value: { inner: null } })).toEqual({
      schema: schemas.struct({ 'inner.a': schemas.int32({ optional: true }) }),
      value: { 'inner.a': null },
    });
  });

  it('HoistField and ValueToKey build structs', () => {
    expect(datumAfter('HoistField$Value', { field: 'p' }, person)).toEqual({
      schema: schemas.struct({ p: schema }),
      value: { p: person.value },
    });
    expect(apply('ValueToKey', { fields: 'id' }, createSinkRecord(null, { value: person }))?.key).toEqual({
      schema: schemas.struct({ id: schemas.int64() }),
      value: { id: 5 },
    });
  });

  it.each<[string, string, unknown]>([
    ['Date', 'date', 1],
    ['Time', 'time', 3_600_000],
    ['Timestamp', 'timestamp', 90_000_000],
    ['unix', 'int64', 90_000_000],
    ['string', 'string', '1970-01-02'],
  ])('TimestampConverter to %s gives the type %s', (target, type, wanted) => {
    const at: Datum = { schema: schemas.timestamp(), value: 90_000_000 };
    const changed = datumAfter('TimestampConverter$Value', { 'target.type': target, format: 'yyyy-MM-dd' }, at);
    expect(changed?.schema?.type).toBe(type);
    expect(changed?.value).toEqual(wanted);
  });

  it('SetSchemaMetadata names the schema', () => {
    const changed = datumAfter('SetSchemaMetadata$Value', { 'schema.name': 'Human', 'schema.version': '2' }, person);
    expect(changed?.schema).toMatchObject({ name: 'Human', version: 2, fields: schema.fields });
  });

  it('make the new schema of a schema once, however many records have it', () => {
    const chain = createTransformChain({ transforms: 't', 'transforms.t.type': 'Cast$Value', 'transforms.t.spec': 'id:string' });
    if (!chain.ok) throw new Error('refused');
    const [one, other] = [1, 2].map((id) => chain.apply(createSinkRecord(null, { value: { schema, value: { id, name: '' } } })));
    expect(one?.value.schema).toBe(other?.value.schema);
  });
});

describe('transforms of headers and topics', () => {
  const record = createSinkRecord(
    { a: 1, b: 2 },
    { topic: 'orders-eu', headers: [{ name: 'h', value: { value: 'x' } }], timestampMs: 86_400_000 },
  );

  it('HeaderFrom copies or moves fields into headers', () => {
    const settings = { fields: 'a', headers: 'from-a' };
    const moved = apply('HeaderFrom$Value', { ...settings, operation: 'move' }, record);
    expect(moved?.value.value).toEqual({ b: 2 });
    expect(moved?.headers.at(-1)).toEqual({ name: 'from-a', value: { value: 1 } });
    expect(apply('HeaderFrom$Value', { ...settings, operation: 'copy' }, record)?.value.value).toEqual({ a: 1, b: 2 });
  });

  it('InsertHeader adds, DropHeaders drops', () => {
    const added = apply('InsertHeader', { header: 'n', 'value.literal': '5' }, record);
    expect(added?.headers.map(({ name }) => name)).toEqual(['h', 'n']);
    expect(apply('DropHeaders', { headers: 'h,other' }, record)?.headers).toEqual([]);
  });

  it('RegexRouter renames where the whole name matches', () => {
    const settings = { regex: '(.*)-eu', replacement: '$1' };
    expect(apply('RegexRouter', settings, record)?.topic).toBe('orders');
    expect(apply('RegexRouter', settings, createSinkRecord(1, { topic: 'orders-eu-2' }))?.topic).toBe('orders-eu-2');
  });

  it('RegexRouter leaves what offsets are counted by', () => {
    expect(apply('RegexRouter', { regex: '.*', replacement: 'x' }, record)?.source).toEqual({ topic: 'orders-eu', partition: 0 });
  });

  it("TimestampRouter renames by the record's time", () => {
    expect(apply('TimestampRouter', {}, record)?.topic).toBe('orders-eu-19700102');
    const settings = { 'topic.format': '${timestamp}_${topic}', 'timestamp.format': 'yyyy.MM' };
    expect(apply('TimestampRouter', settings, record)?.topic).toBe('1970.01_orders-eu');
  });
});
