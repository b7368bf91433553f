import { readFileSync } from 'node:fs';

/** A connector as a file describes it. */
export interface ConnectorFile {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

const FILE_BYTES_MAX = 8 * 1024 * 1024;

/** Connectors of a file; `-` is standard input, given as text. @throws RangeError that names the file and what is wrong */
export function readConnectorFile(path: string): readonly ConnectorFile[] {
  return parseConnectors(readText(path), path);
}

/**
 * JSON in Kafka's form, `{"name": …, "config": {…}}`, plain settings with `name`, or a list of either; or lines `key=value`, as
 * Kafka's standalone worker reads them.
 *
 * @throws RangeError
 */
export function parseConnectors(text: string, path: string): readonly ConnectorFile[] {
  const trimmed = text.trim();
  const isJson = trimmed.startsWith('{') || trimmed.startsWith('[');
  const parsed = isJson ? parseJson(trimmed, path) : parseProperties(trimmed);
  const list = Array.isArray(parsed) ? (parsed as readonly unknown[]) : [parsed];
  if (list.length === 0) throw new RangeError(`${path} has no connector`);
  return list.map((one, index) => connectorOf(one, list.length === 1 ? path : `${path}, connector ${index + 1}`));
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new RangeError(`${path} can't be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (bytes.length > FILE_BYTES_MAX) throw new RangeError(`${path} has ${bytes.length} bytes; at most ${FILE_BYTES_MAX} are read`);
  return bytes.toString('utf8');
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RangeError(`${path} is no JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function parseProperties(text: string): Readonly<Record<string, string>> {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !/^\s*[#!]/.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const found = /[=:]/.exec(line)?.index ?? line.length;
      return [line.slice(0, found).trim(), line.slice(found + 1).trim()];
    }),
  );
}

function connectorOf(value: unknown, where: string): ConnectorFile {
  if (!isObject(value)) throw new RangeError(`${where} is no connector; expected {"name": …, "config": {…}} or lines key=value`);
  const config = isObject(value['config']) ? value['config'] : value;
  const name = value['name'] ?? config['name'];
  if (typeof name !== 'string' || name === '') throw new RangeError(`${where} has no name`);
  return { name, config };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
