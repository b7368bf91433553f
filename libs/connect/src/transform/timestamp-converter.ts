import { type ConfigValues, declareConfig } from '../config/config-declaration.ts';
import { field } from '../config/fields.ts';
import { isInt64 } from '../data/check-value.ts';
import { DataError } from '../data/data-error.ts';
import { describeValue } from '../data/describe-value.ts';
import { readField } from '../data/fields.ts';
import type { Schema, StructSchema } from '../data/schema.ts';
import { fieldSchema, schemas } from '../data/schemas.ts';
import type { DataValue } from '../data/value.ts';
import { DAY_MS } from '../time/civil-time.ts';
import { compileDatePattern } from '../time/date-pattern.ts';
import { datePatternComplaint } from './date-pattern-complaint.ts';
import { rememberSchema } from './remember-schema.ts';
import { changesPart, isNull, type Transform, type TransformDefinition, withFields } from './transform.ts';

const TARGETS = ['string', 'unix', 'Date', 'Time', 'Timestamp'] as const;
const PRECISIONS = ['seconds', 'milliseconds', 'microseconds', 'nanoseconds'] as const;

const config = declareConfig(
  {
    'target.type': field.choice(TARGETS, { doc: 'What the time becomes.' }),
    field: field.string({ default: '', empty: true, doc: 'The field with the time; empty: the whole value.' }),
    format: field.string({
      default: '',
      empty: true,
      check: (text) => (text === '' ? undefined : datePatternComplaint(text)),
      doc: "How texts are written and read: letters of Java's SimpleDateFormat, in UTC.",
    }),
    'unix.precision': field.choice(PRECISIONS, { default: 'milliseconds', doc: 'Unit of unix times, read and written.' }),
    'replace.null.with.default': field.boolean({ default: true, importance: 'low', doc: 'Nulls become the default of their schema.' }),
  },
  {
    check: (settings) =>
      settings['target.type'] === 'string' && settings.format === ''
        ? [{ field: 'format', message: 'missing; target.type=string needs it' }]
        : [],
  },
);

type Target = (typeof TARGETS)[number];
type Precision = (typeof PRECISIONS)[number];

interface Formats {
  toMs(value: DataValue, schema: Schema | undefined): number;
  fromMs(ms: number): DataValue;
}

export const timestampConverter: TransformDefinition<ConfigValues<typeof config>> = {
  name: 'TimestampConverter',
  scope: 'parts',
  doc: 'Converts a time between texts, unix times and the types Date, Time and Timestamp. Null stays null.',
  config,
  create: (settings, part) => {
    const target = settings['target.type'];
    const formats = formatsOf(target, settings.format, settings['unix.precision']);
    const convert = (value: DataValue, schema: Schema | undefined): DataValue =>
      value === null || value === undefined ? value : formats.fromMs(formats.toMs(value, schema));
    return settings.field === '' ? convertWhole(part, target, convert) : convertField(part, { name: settings.field, target, convert });
  },
};

type Convert = (value: DataValue, schema: Schema | undefined) => DataValue;

function convertWhole(part: 'key' | 'value', target: Target, convert: Convert): Transform {
  const converted = rememberSchema((schema: Schema) => targetSchema(target, schema));
  return changesPart(part, (datum) => {
    if (isNull(datum)) return datum;
    const value = convert(datum.value, datum.schema);
    return datum.schema === undefined ? { value } : { schema: converted(datum.schema), value };
  });
}

function convertField(
  part: 'key' | 'value',
  { name, target, convert }: { readonly name: string; readonly target: Target; readonly convert: Convert },
): Transform {
  const converted = rememberSchema((schema: StructSchema) => {
    const { type: _type, fields, ...facts } = schema;
    return schemas.struct(
      fields.map((each) => (each.name === name ? { name, schema: targetSchema(target, each.schema) } : each)),
      facts,
    );
  });
  return changesPart(part, (datum) => {
    if (isNull(datum)) return datum;
    const { schema, fields } = withFields(datum, 'TimestampConverter');
    if (!Object.hasOwn(fields, name)) return datum;
    const value = { ...fields, ...Object.fromEntries([[name, convert(readField(fields, name), schema && fieldSchema(schema, name))]]) };
    return schema === undefined ? { value } : { schema: converted(schema), value };
  });
}

function targetSchema(target: Target, { optional }: Schema): Schema {
  const facts = optional === true ? { optional } : {};
  switch (target) {
    case 'string':
      return schemas.string(facts);
    case 'unix':
      return schemas.int64(facts);
    case 'Date':
      return schemas.date(facts);
    case 'Time':
      return schemas.time(facts);
    case 'Timestamp':
      return schemas.timestamp(facts);
  }
}

function formatsOf(target: Target, format: string, precision: Precision): Formats {
  const pattern = format === '' ? undefined : compileDatePattern(format);
  return {
    toMs: (value, schema) => {
      if (typeof value === 'string') {
        if (pattern === undefined) throw new DataError('TimestampConverter needs a format to read texts');
        return pattern.parse(value);
      }
      if (!isInt64(value)) throw new DataError(`${describeValue(value)} is no time`);
      if (schema?.type === 'date') return Number(value) * DAY_MS;
      return schema?.type === 'time' || schema?.type === 'timestamp' ? Number(value) : msOfUnix(value, precision);
    },
    fromMs: (ms) => {
      switch (target) {
        case 'string':
          return (pattern as NonNullable<typeof pattern>).format(ms);
        case 'unix':
          return unixOfMs(ms, precision);
        case 'Date':
          return Math.floor(ms / DAY_MS);
        case 'Time':
          return ((ms % DAY_MS) + DAY_MS) % DAY_MS;
        case 'Timestamp':
          return ms;
      }
    },
  };
}

function msOfUnix(value: number | bigint, precision: Precision): number {
  switch (precision) {
    case 'seconds':
      return Number(value) * 1000;
    case 'milliseconds':
      return Number(value);
    case 'microseconds':
      return Math.floor(Number(value) / 1000);
    case 'nanoseconds':
      return Number(BigInt(value) / 1_000_000n);
  }
}

function unixOfMs(ms: number, precision: Precision): number | bigint {
  switch (precision) {
    case 'seconds':
      return Math.floor(ms / 1000);
    case 'milliseconds':
      return ms;
    case 'microseconds':
      return wide(BigInt(ms) * 1000n);
    case 'nanoseconds':
      return wide(BigInt(ms) * 1_000_000n);
  }
}

function wide(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
