import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STATUS_CODES } from '../ports/transport.ts';
import { type CatalogueEntry, ERROR_CATALOGUE, isErrorName } from './catalogue.ts';

const entries: readonly (readonly [string, CatalogueEntry])[] = Object.entries(ERROR_CATALOGUE);

/** What docs/errors.md says of each error: from its heading, its description and its line of facts. */
function readPage(): ReadonlyMap<string, CatalogueEntry> {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/errors.md'), 'utf8');
  const section =
    /^## (?<name>\w+)\n\n(?<description>.+)\n\nCode (?<code>\d+), status `(?<status>\w+)`, (?<answer>retriable|not retriable), (?<certainty>\w+)\.$/gm;
  return new Map([...page.matchAll(section)].map(({ groups = {} }) => [groups['name'] ?? '', described(groups)]));
}

function described(groups: Readonly<Record<string, string>>): CatalogueEntry {
  return {
    code: Number(groups['code']),
    status: groups['status'] as CatalogueEntry['status'],
    retriable: groups['answer'] === 'retriable',
    certainty: groups['certainty'] as CatalogueEntry['certainty'],
    description: groups['description'] ?? '',
  };
}

describe('the error catalogue', () => {
  it('says what docs/errors.md says, and nothing else stands there', () => {
    expect(Object.fromEntries(readPage())).toEqual(ERROR_CATALOGUE);
  });

  it('has a row in the table of docs/errors.md for each error', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/errors.md'), 'utf8');
    const rows = [...page.matchAll(/^\| (\d+) \| \[(\w+)\]\(#(\w+)\) \| (\w+) \|$/gm)].map(([, code, name, anchor, status]) => ({
      code,
      name,
      anchor,
      status,
    }));
    expect(rows).toEqual(entries.map(([name, { code, status }]) => ({ code: String(code), name, anchor: name.toLowerCase(), status })));
  });

  it('gives each error a code of its own', () => {
    const codes = entries.map(([, { code }]) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('lists the errors by rising code, so that a used number is found', () => {
    const codes = entries.map(([, { code }]) => code);
    expect(codes).toEqual([...codes].sort((left, right) => left - right));
  });

  it('uses names in capitals, statuses of gRPC and descriptions that are sentences', () => {
    for (const [name, { status, description }] of entries) {
      expect(name).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(STATUS_CODES).toHaveProperty(status);
      expect(status).not.toBe('OK');
      expect(description).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('knows which strings are names of errors', () => {
    expect(isErrorName('UNKNOWN_TOPIC')).toBe(true);
    expect(isErrorName('unknown_topic')).toBe(false);
    expect(isErrorName('toString')).toBe(false);
  });
});
