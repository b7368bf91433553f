import { compileDatePattern, DataError, type DataValue, isFields, readField, type SinkRecord } from '@moldau/connect';
import type { S3SinkConfig } from './s3-sink-config.ts';

/** The folder that a record's object stands in, without a slash at its end. @throws DataError if the record has none */
export type FolderOf = (record: SinkRecord) => string;

/** Longest folder in characters: S3 allows 1,024 bytes of a key, of which the names of topic and offset need 290. */
const FOLDER_LENGTH_MAX = 730;

/** What the settings say about folders. */
export function compileFolderOf(config: S3SinkConfig): FolderOf {
  const parts = partsOf(config);
  const prefix = config['topics.dir'] === '' ? '' : `${config['topics.dir']}/`;
  return (record) => {
    const folder = `${prefix}${[encodeURIComponent(record.topic), ...parts.map((part) => part(record))].join('/')}`;
    if (folder.length > FOLDER_LENGTH_MAX)
      throw new DataError(`a folder of ${folder.length} characters; ${FOLDER_LENGTH_MAX} are allowed: ${folder.slice(0, 100)}`);
    return folder;
  };
}

function partsOf(config: S3SinkConfig): readonly FolderOf[] {
  const byField = config['partition.field.name'].map((name) => fieldPart(name));
  switch (config.partitioner) {
    case 'none':
      return [({ partition }) => `partition=${partition}`];
    case 'time':
      return [timePart(config['path.format'])];
    case 'field':
      return byField;
    case 'field-and-time':
      return [...byField, timePart(config['path.format'])];
  }
}

/** Records come in the order of time, more or less: the last text serves for many. */
function timePart(pattern: string): FolderOf {
  const compiled = compileDatePattern(pattern);
  let last: { readonly second: number; readonly text: string } | undefined;
  const finest = pattern.includes('S') ? 1 : 1000;
  return ({ timestampMs }) => {
    const second = Math.floor(timestampMs / finest);
    if (last?.second !== second) last = { second, text: compiled.format(timestampMs) };
    return last.text;
  };
}

function fieldPart(name: string): FolderOf {
  const shown = encodeURIComponent(name);
  return ({ value: { value } }) => {
    if (!isFields(value)) throw new DataError(`the value has no fields; partition.field.name asks for ${name}`);
    return `${shown}=${encodeURIComponent(textOf(name, readField(value, name)))}`;
  };
}

function textOf(name: string, value: DataValue): string {
  if (typeof value === 'string' && value.isWellFormed()) return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  const what = value === null || value === undefined ? 'is absent' : 'is no text, number or boolean';
  throw new DataError(`the field ${name} ${what}; partition.field.name asks for it`);
}
