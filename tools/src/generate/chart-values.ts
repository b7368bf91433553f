import { isMap, isNode, isScalar, LineCounter, parse, parseDocument, type YAMLMap } from 'yaml';

/** A JSON schema, as far as it is made here. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** A value of the chart, with what its comments say of it. */
export interface ChartValue {
  /** `broker.rack.from`. */
  readonly path: string;
  readonly default: unknown;
  readonly description: string;
  readonly schema: JsonSchema;
  /** Of a map whose keys are known. */
  readonly children: readonly ChartValue[] | undefined;
}

/** Schema of the settings of a service's process: what `@settings` stands for. */
export type SettingsSchema = (service: string) => JsonSchema;

/**
 * Reads a chart's values.yaml. Comment lines directly above a key, as far to the right as it, describe it; a blank line parts them from
 * others. Of them
 *
 *     # @schema: {minimum: 1}    adds to the schema, which else follows from the default's type
 *     # @open                    the map takes any keys
 *     # @settings: broker        the map takes the settings of that service's process
 *
 * A map that is none of these takes the keys that it has, and no other: a misspelt one is an error.
 */
export function readChartValues(text: string, settings: SettingsSchema): readonly ChartValue[] {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  if (document.errors.length > 0 || !isMap(document.contents)) throw new Error(`values.yaml: ${document.errors[0]?.message ?? 'no map'}`);
  const lines = text.split('\n');
  const read = (map: YAMLMap, parent: string): readonly ChartValue[] =>
    map.items.map(({ key, value }) => {
      if (!isScalar(key) || key.range === undefined || key.range === null)
        throw new Error(`values.yaml: a key in '${parent}' is no scalar`);
      const path = parent === '' ? String(key.value) : `${parent}.${String(key.value)}`;
      const comments = commentsAbove(lines, lineCounter.linePos(key.range[0]).line);
      const notes = readNotes(path, comments);
      const plain: unknown = isNode(value) ? value.toJS(document) : value;
      const known = isMap(value) && !notes.open && notes.settings === undefined ? value : undefined;
      const children = known === undefined ? undefined : read(known, path);
      const schema = {
        ...inferredSchema(plain, children),
        ...(notes.settings === undefined ? {} : settings(notes.settings)),
        ...notes.schema,
      };
      return { path, default: plain, description: notes.description, schema, children };
    });
  return read(document.contents, '');
}

/** The schema of all values together. */
export function valuesSchema(values: readonly ChartValue[]): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart moldau',
    // Helm hands values of parent charts down under this name.
    ...objectOf(values, { global: { type: 'object' } }),
  };
}

/** A table of all values that have no known keys below them. */
export function valuesTable(values: readonly ChartValue[]): string {
  const rows = leaves(values).map((value) => {
    const cells = [`\`${value.path}\``, `\`${JSON.stringify(value.default)}\``, describe(value)];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| Value | Default | Meaning |', '|---|---|---|', ...rows].join('\n');
}

function leaves(values: readonly ChartValue[]): readonly ChartValue[] {
  return values.flatMap((value) => (value.children === undefined ? [value] : leaves(value.children)));
}

function describe({ description, schema }: ChartValue): string {
  const allowed: readonly unknown[] = Array.isArray(schema['enum']) ? schema['enum'] : [];
  const limits = allowed.length === 0 ? '' : `One of ${allowed.map(String).join(', ')}.`;
  return [description, limits].filter((part) => part !== '').join(' ');
}

interface Notes {
  readonly description: string;
  readonly schema: JsonSchema;
  readonly open: boolean;
  readonly settings: string | undefined;
}

function readNotes(path: string, comments: readonly string[]): Notes {
  const marked = (mark: string): readonly string[] => comments.filter((line) => line.startsWith(mark));
  const unknown = comments.find((line) => line.startsWith('@') && !/^@(schema: |settings: |open$)/.test(line));
  if (unknown !== undefined) throw new Error(`values.yaml: ${path} has an unknown mark: ${unknown}`);
  const schemas = marked('@schema: ').map((line) => parse(line.slice('@schema: '.length)) as JsonSchema);
  return {
    description: comments.filter((line) => !line.startsWith('@')).join(' '),
    schema: Object.assign({}, ...schemas) as JsonSchema,
    open: marked('@open').length > 0,
    settings: marked('@settings: ')[0]?.slice('@settings: '.length),
  };
}

function commentsAbove(lines: readonly string[], keyLine: number): readonly string[] {
  const indent = /^ */.exec(lines[keyLine - 1] ?? '')?.[0] ?? '';
  const found: string[] = [];
  for (let at = keyLine - 2; at >= 0 && lines[at]?.startsWith(`${indent}#`) === true; at -= 1) {
    found.unshift((lines[at] ?? '').slice(indent.length + 1).trim());
  }
  return found;
}

function inferredSchema(value: unknown, children: readonly ChartValue[] | undefined): JsonSchema {
  if (children !== undefined) return objectOf(children, {});
  if (Array.isArray(value)) return { type: 'array' };
  if (typeof value === 'object' && value !== null) return { type: 'object' };
  if (typeof value === 'number') return { type: 'integer' };
  return { type: typeof value };
}

function objectOf(values: readonly ChartValue[], more: JsonSchema): JsonSchema {
  const properties = values.map(({ path, schema, description }) => {
    const name = path.slice(path.lastIndexOf('.') + 1);
    return [name, description === '' ? schema : { description, ...schema }] as const;
  });
  return { type: 'object', additionalProperties: false, properties: { ...Object.fromEntries(properties), ...more } };
}
