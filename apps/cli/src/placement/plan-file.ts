import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { MoldauError } from '@moldau/kernel';
import type { Move } from '../input/partitions.ts';
import type { Terminal } from '../terminal.ts';

/**
 * A plan of moves as a file, in the form that Kafka's reassignment tool reads and writes:
 *
 *     { "version": 1, "partitions": [{ "topic": "orders", "partition": 0, "replicas": [4, 2, 3] }] }
 *
 * Other fields of an entry are left alone.
 */
export interface PlanFile {
  readonly version: 1;
  readonly partitions: readonly Move[];
}

/** Reads a plan; `-` is standard input. @throws MoldauError INVALID_REQUEST, with the entry that is wrong */
export async function readPlan(path: string, terminal: Terminal): Promise<readonly Move[]> {
  return parsePlan(path, path === '-' ? await text(terminal.input) : readText(path));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (caught) {
    throw new MoldauError('INVALID_REQUEST', `the plan can't be read: ${String(caught)}`, { path });
  }
}

export function parsePlan(path: string, content: string): readonly Move[] {
  const refuse = (what: string, value: unknown, limit: string): MoldauError =>
    new MoldauError('INVALID_REQUEST', `${what} of the plan is ${JSON.stringify(value) ?? 'missing'}; ${limit} is allowed`, {
      path,
      value: (JSON.stringify(value) ?? 'missing').slice(0, 100),
      limit,
    });
  const plan = parseJson(path, content);
  if (!isObject(plan) || !Array.isArray(plan['partitions'])) throw refuse('the top level', plan, 'an object with a list "partitions"');
  if (plan['version'] !== undefined && plan['version'] !== 1) throw refuse('"version"', plan['version'], '1');
  const seen = new Set<string>();
  return plan['partitions'].map((entry: unknown, at): Move => {
    const name = `"partitions"[${at}]`;
    if (!isObject(entry)) throw refuse(name, entry, 'an object with "topic", "partition" and "replicas"');
    const { topic, partition, replicas } = entry;
    if (typeof topic !== 'string' || topic === '') throw refuse(`${name}.topic`, topic, 'the name of a topic');
    if (!isIndex(partition)) throw refuse(`${name}.partition`, partition, 'a whole number from 0');
    if (!Array.isArray(replicas) || !replicas.every(isIndex)) throw refuse(`${name}.replicas`, replicas, 'a list of ids of brokers');
    const key = `${topic}/${partition}`;
    if (seen.has(key)) throw refuse(name, key, 'each partition once');
    seen.add(key);
    return { topic, partition, replicas };
  });
}

function parseJson(path: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (caught) {
    throw new MoldauError('INVALID_REQUEST', `the plan is not JSON: ${String(caught)}`, { path, limit: 'JSON' });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
