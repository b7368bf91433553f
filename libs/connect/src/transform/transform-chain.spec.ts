import { describe, expect, it } from 'vitest';
import type { SinkRecord } from '../data/data-record.ts';
import type { JsonObject } from '../data/json-value.ts';
import { createSinkRecord } from '../testing/task-contexts.ts';
import { createTransformChain } from './transform-chain.ts';

function apply(settings: JsonObject, record: SinkRecord): SinkRecord | undefined {
  const chain = createTransformChain(settings);
  if (!chain.ok) throw new Error(JSON.stringify(chain.errors));
  return chain.apply(record);
}

function errorsOf(settings: JsonObject): readonly string[] {
  const chain = createTransformChain(settings);
  return chain.ok ? [] : chain.errors.map(({ field, message }) => `${field}: ${message}`);
}

const tombstones = { predicates: 'p', 'predicates.p.type': 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone' };
const filter = { transforms: 'f', 'transforms.f.type': 'org.apache.kafka.connect.transforms.Filter', 'transforms.f.predicate': 'p' };

describe('a chain of transforms', () => {
  it('is applied in the order of the list', () => {
    const settings = {
      transforms: 'hoist, cast',
      'transforms.cast.type': 'Cast$Value',
      'transforms.cast.spec': 'n:int32',
      'transforms.hoist.type': 'HoistField$Value',
      'transforms.hoist.field': 'n',
    };
    expect(apply(settings, createSinkRecord('7'))?.value.value).toEqual({ n: 7 });
  });

  it('leaves records alone where there are none', () => {
    const record = createSinkRecord(1);
    expect(apply({ 'connector.class': 'X' }, record)).toBe(record);
  });
});

describe('predicates', () => {
  it('RecordIsTombstone lets Filter drop tombstones', () => {
    expect(apply({ ...filter, ...tombstones }, createSinkRecord(null))).toBeUndefined();
    expect(apply({ ...filter, ...tombstones }, createSinkRecord('x'))).toBeDefined();
  });

  it('negated choose the other records', () => {
    const settings = { ...filter, ...tombstones, 'transforms.f.negate': 'true' };
    expect(apply(settings, createSinkRecord(null))).toBeDefined();
    expect(apply(settings, createSinkRecord('x'))).toBeUndefined();
  });

  it('TopicNameMatches asks for the whole name', () => {
    const settings = { ...filter, predicates: 'p', 'predicates.p.type': 'TopicNameMatches', 'predicates.p.pattern': 'a.*' };
    expect(apply(settings, createSinkRecord(1, { topic: 'abc' }))).toBeUndefined();
    expect(apply(settings, createSinkRecord(1, { topic: 'xabc' }))).toBeDefined();
  });

  it('HasHeaderKey asks for a header', () => {
    const settings = { ...filter, predicates: 'p', 'predicates.p.type': 'HasHeaderKey', 'predicates.p.name': 'h' };
    expect(apply(settings, createSinkRecord(1, { headers: [{ name: 'h', value: { value: null } }] }))).toBeUndefined();
    expect(apply(settings, createSinkRecord(1))).toBeDefined();
  });
});

describe('settings of transforms', () => {
  it('are refused all at once, each under its full name', () => {
    const errors = errorsOf({
      transforms: 'a,b,c',
      'transforms.a.type': 'InsertFeild$Value',
      'transforms.b.type': 'Cast',
      'transforms.c.type': 'RegexRouter',
      'transforms.c.regex': '(',
      'transforms.c.predicate': 'none',
      'transforms.c.negate': 'perhaps',
      'transforms.d.type': 'Filter',
    });
    expect(errors.map((line) => line.split(':')[0])).toEqual([
      'transforms.d.type',
      'transforms.a.type',
      'transforms.b.type',
      'transforms.c.regex',
      'transforms.c.replacement',
      'transforms.c.negate',
      'transforms.c.predicate',
    ]);
    expect(errors[1]).toContain('did you mean InsertField$Value?');
    expect(errors[2]).toContain('did you mean Cast$Key?');
  });

  it('of Filter need a predicate', () => {
    expect(errorsOf({ transforms: 'f', 'transforms.f.type': 'Filter' })).toEqual([
      'transforms.f.predicate: missing; without one Filter drops every record',
    ]);
  });

  it('can set no prototype', () => {
    const settings = JSON.parse(
      '{"transforms":"t","transforms.t.type":"Cast$Value","transforms.t.__proto__":"x","transforms.t.spec":"int8"}',
    ) as JsonObject;
    expect(errorsOf(settings)).toEqual(['transforms.t.__proto__: this name is not allowed']);
  });
});
