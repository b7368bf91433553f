import { readFile } from 'node:fs/promises';

/** `${env:NAME}`, `${file:/path}`, `${file:/path:key}`. */
const REFERENCE = /\$\{(?<kind>env|file):(?<what>[^}:]+)(?::(?<key>[^}]+))?\}/g;
const SECRET_FILE_BYTES_MAX = 1024 * 1024;

/** A reference that leads nowhere: its message names the reference, never what it would have given. */
export class SecretReferenceError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

export interface SecretPorts {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Told each value that a reference gave: it must not be shown. */
  keep(value: string): void;
}

/**
 * The config with all references replaced; done in the thread, right before it is used, and never stored.
 *
 * @throws SecretReferenceError
 */
export async function resolveSecrets(
  config: Readonly<Record<string, string>>,
  { environment, keep }: SecretPorts,
): Promise<Record<string, string>> {
  const resolved: [string, string][] = [];
  for (const [field, text] of Object.entries(config)) resolved.push([field, await resolveText(field, text, { environment, keep })]);
  return Object.fromEntries(resolved);
}

async function resolveText(field: string, text: string, { environment, keep }: SecretPorts): Promise<string> {
  let result = '';
  let from = 0;
  for (const match of text.matchAll(REFERENCE)) {
    const { kind = '', what = '', key } = match.groups ?? {};
    const value = kind === 'env' ? environment[what] : await fromFile(field, what, key);
    if (value === undefined) throw new SecretReferenceError(field, `${match[0]}: there is no such variable or key`);
    keep(value);
    result += text.slice(from, match.index) + value;
    from = match.index + match[0].length;
  }
  return result + text.slice(from);
}

async function fromFile(field: string, path: string, key: string | undefined): Promise<string | undefined> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new SecretReferenceError(field, `\${file:${path}}: the file can't be read (${code})`);
  }
  if (content.length > SECRET_FILE_BYTES_MAX) throw new SecretReferenceError(field, `\${file:${path}}: the file is larger than 1 MiB`);
  if (key === undefined) return content.replace(/\r?\n$/, '');
  const line = content.split(/\r?\n/).find((candidate) => candidate.slice(0, candidate.indexOf('=')).trim() === key);
  return line?.slice(line.indexOf('=') + 1).trim();
}
