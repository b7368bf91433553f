import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoldauError } from '@moldau/kernel';
import { MEMBER_KINDS, type Member } from './member.ts';

/** `cluster.json` in the cluster's directory: `{ format, members }`. */
export const CLUSTER_FILE = 'cluster.json';
const FORMAT = 1;

/** The members of the cluster in this directory; undefined when there is none. @throws MoldauError DATA_DIRECTORY_UNUSABLE */
export function readClusterFile(directory: string): readonly Member[] | undefined {
  const path = join(directory, CLUSTER_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unusable(path, String(error), error);
  }
  const content = parsed(text, path);
  if (!isRecord(content)) throw unusable(path, 'it holds no object');
  if (content['format'] !== FORMAT) throw unusable(path, `its format is ${String(content['format'])}, this version reads ${FORMAT}`);
  const { members } = content;
  if (!Array.isArray(members) || !members.every(isMember)) throw unusable(path, 'its members are malformed');
  return members;
}

/** Replaces the file whole, so that nobody ever reads half of it. */
export function writeClusterFile(directory: string, members: readonly Member[]): void {
  const path = join(directory, CLUSTER_FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify({ format: FORMAT, members }, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unusable(path, 'it is no JSON', error);
  }
}

function unusable(path: string, why: string, cause?: unknown): MoldauError {
  return new MoldauError('DATA_DIRECTORY_UNUSABLE', `${path} does not describe a local cluster: ${why}`, { path }, { cause });
}

function isMember(value: unknown): value is Member {
  if (!isRecord(value) || !hasTexts(value, 'name', 'address') || !isProcess(value['process'])) return false;
  switch (MEMBER_KINDS.find((kind) => kind === value['kind'])) {
    case 'etcd':
      return hasTexts(value, 'peerAddress');
    case 'coordinator':
      return hasTexts(value, 'adminAddress');
    case 'broker':
      return hasTexts(value, 'adminAddress', 'internalAddress') && Number.isSafeInteger(value['brokerId']);
    case 'connector-worker':
      return hasTexts(value, 'adminAddress', 'grpcAddress');
    case undefined:
      return false;
  }
}

function isProcess(value: unknown): boolean {
  return value === null || (isRecord(value) && Number.isSafeInteger(value['pid']) && hasTexts(value, 'startTime'));
}

function hasTexts(value: Readonly<Record<string, unknown>>, ...names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'string');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
