import type { ConsumedRecord, HeaderInput, ProducerRecord } from '@moldau/client';
import {
  type Converter,
  createConverter,
  createTransformChain,
  type DataHeader,
  type FieldError,
  type JsonObject,
  type SinkRecord,
  type SourceRecord,
  type Transform,
} from '@moldau/connect';
import { MoldauError } from '@moldau/kernel';
import { readTextFile } from './text-file.ts';
import type { ConverterDefaults } from './thread-messages.ts';

/** Where on its way a record failed; Kafka's names of stages. */
export type ErrorStage = 'KEY_CONVERTER' | 'VALUE_CONVERTER' | 'HEADER_CONVERTER' | 'TRANSFORMATION' | 'TASK_PUT';

/** A record that goes to a topic; texts are sent as UTF-8. */
export type OutgoingRecord = ProducerRecord<Uint8Array | string, Uint8Array | string>;

/** What is wrong with one record, and where that was found. */
export class RecordFault extends Error {
  override readonly name = 'RecordFault';
  override readonly cause: Error;
  readonly stage: ErrorStage;

  constructor(stage: ErrorStage, thrown: unknown) {
    const cause = thrown instanceof Error ? thrown : new Error(String(thrown));
    super(`${stage}: ${cause.message}`);
    this.cause = cause;
    this.stage = stage;
  }
}

/** Why a task ends whose connector tolerates no record at fault. `place`: of the record, as far as it is known. */
export function intolerable(
  cause: Error,
  stage: ErrorStage,
  place: { readonly topic?: string; readonly partition?: number | undefined; readonly offset?: number } | undefined,
): Error {
  const { topic, partition, offset } = place ?? {};
  const where = topic === undefined ? 'a record' : `a record of '${topic}'${partition === undefined ? '' : `, partition ${partition}`}`;
  const at = offset === undefined ? '' : `, offset ${offset}`;
  return new Error(`${where}${at} failed at ${stage}, and errors.tolerance is none: ${cause.message}`, { cause });
}

/** A record's way between a connector and a topic: converters and transforms. */
export interface RecordPipeline {
  /** Undefined: a transform dropped it. @throws RecordFault */
  outgoing(record: SourceRecord): OutgoingRecord | undefined;
  /** Undefined: a transform dropped it. @throws RecordFault */
  incoming(record: ConsumedRecord): SinkRecord | undefined;
}

interface Converters {
  readonly key: Converter;
  readonly value: Converter;
  readonly header: Converter;
}

const SETTINGS = { key: 'key.converter', value: 'value.converter', header: 'header.converter' } as const;

/** @throws MoldauError CONNECTOR_CONFIG_INVALID with all that is wrong */
export function createPipeline(config: Readonly<Record<string, string>>, defaults: ConverterDefaults): RecordPipeline {
  const { converters, apply, errors } = build(config, defaults);
  if (converters === undefined || errors.length > 0) {
    const list = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
    const fields = errors.map(({ field }) => field).join(',');
    throw new MoldauError('CONNECTOR_CONFIG_INVALID', `the config is refused: ${list}`, { fields });
  }
  return { outgoing: outgoing(converters, apply), incoming: incoming(converters, apply) };
}

/** What is wrong with the converters and transforms of a config; references in it have been resolved. */
export function pipelineErrors(config: Readonly<Record<string, string>>, defaults: ConverterDefaults): readonly FieldError[] {
  return build(config, defaults).errors;
}

function build(
  config: Readonly<Record<string, string>>,
  defaults: ConverterDefaults,
): { readonly converters: Converters | undefined; readonly apply: Transform | undefined; readonly errors: readonly FieldError[] } {
  const names: ConverterDefaults = {
    keyConverter: config[SETTINGS.key] ?? defaults.keyConverter,
    valueConverter: config[SETTINGS.value] ?? defaults.valueConverter,
    headerConverter: config[SETTINGS.header] ?? defaults.headerConverter,
  };
  const errors: FieldError[] = [];
  const make = (setting: string, name: string): Converter | undefined => {
    const created = createConverter(setting, name, below(`${setting}.`, config), { readText: readTextFile });
    if (created.ok) return created.converter;
    errors.push(...created.errors);
    return undefined;
  };
  const key = make(SETTINGS.key, names.keyConverter);
  const value = make(SETTINGS.value, names.valueConverter);
  const header = make(SETTINGS.header, names.headerConverter);
  const chain = createTransformChain(config);
  if (!chain.ok) errors.push(...chain.errors);
  const converters = key === undefined || value === undefined || header === undefined ? undefined : { key, value, header };
  // Most connectors have no transforms, and pay nothing for them.
  const apply = chain.ok && config['transforms'] !== undefined && config['transforms'].trim() !== '' ? chain.apply : undefined;
  return { converters, apply, errors };
}

function outgoing({ key, value, header }: Converters, apply: Transform | undefined): RecordPipeline['outgoing'] {
  return (given) => {
    let stage: ErrorStage = 'TRANSFORMATION';
    try {
      const record = apply === undefined ? given : apply(given);
      if (record === undefined) return undefined;
      const { topic, partition, timestampMs, headers } = record;
      stage = 'KEY_CONVERTER';
      const keyBytes = key.encode(record.key);
      stage = 'VALUE_CONVERTER';
      const valueBytes = value.encode(record.value);
      stage = 'HEADER_CONVERTER';
      return {
        topic,
        key: keyBytes,
        value: valueBytes,
        ...(headers.length === 0 ? {} : { headers: headers.map((one): HeaderInput => [one.name, header.encode(one.value)]) }),
        ...(partition === undefined ? {} : { partition }),
        ...(timestampMs === undefined ? {} : { timestampMs }),
      };
    } catch (error) {
      throw new RecordFault(stage, error);
    }
  };
}

const NO_HEADERS: readonly DataHeader[] = [];

function incoming({ key, value, header }: Converters, apply: Transform | undefined): RecordPipeline['incoming'] {
  return (raw) => {
    const { topic, partition, offset, timestampMs, headers } = raw;
    let stage: ErrorStage = 'KEY_CONVERTER';
    try {
      const keyDatum = key.decode(raw.key);
      stage = 'VALUE_CONVERTER';
      const valueDatum = value.decode(raw.value);
      stage = 'HEADER_CONVERTER';
      const record: SinkRecord = {
        topic,
        partition,
        offset,
        timestampMs,
        source: { topic, partition },
        key: keyDatum,
        value: valueDatum,
        headers: headers.length === 0 ? NO_HEADERS : headers.map(([name, bytes]): DataHeader => ({ name, value: header.decode(bytes) })),
      };
      if (apply === undefined) return record;
      stage = 'TRANSFORMATION';
      return apply(record);
    } catch (error) {
      throw new RecordFault(stage, error);
    }
  };
}

function below(prefix: string, config: Readonly<Record<string, string>>): JsonObject {
  const mine = Object.entries(config).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(mine.map(([name, text]) => [name.slice(prefix.length), text]));
}
