import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectRig } from '../../fixture/connect-rig.ts';
import { readTopic } from '../../fixture/read-topic.ts';
import { differences } from '../compare.ts';
import type { KillRun, KillSubject } from '../kill-subject.ts';

const RECORDS = 20_000;
const RATE = 2_000;
const SETTLE_MS = 100;

/** Two tasks make up numbered orders; the topic has to have each number once, and what each task made in its order. */
export const datagenSource: KillSubject = {
  name: 'datagen-source',
  title: 'DatagenSource of two tasks, exactly once: each numbered record is in the topic once',
  open: (rig) =>
    Promise.resolve({ prepare: (name) => Promise.resolve(prepare(rig, name)), [Symbol.asyncDispose]: () => Promise.resolve() }),
};

function prepare(rig: ConnectRig, name: string): KillRun {
  const shared = { 'connector.class': 'DatagenSource', template: 'orders', 'tasks.max': '2', 'max.records': String(RECORDS), seed: '7' };
  const config = {
    ...shared,
    topic: name,
    'records.per.second': String(RATE),
    'value.converter': 'json',
    'value.converter.schemas.enable': 'false',
  };
  return {
    connectors: [{ name, config: { ...config, 'exactly.once.support': 'required' } }],
    async feed(signal): Promise<number> {
      while (!signal.aborted) await sleep(SETTLE_MS);
      return RECORDS;
    },
    async findings(): Promise<readonly string[]> {
      const records = await readTopic(rig.moldau, name);
      const numbers = records.map(({ value }) => String(numberOf(value ?? '')));
      const all = Array.from({ length: RECORDS }, (_none, index) => String(index));
      return differences(all, numbers, false);
    },
  };
}

function numberOf(value: string): unknown {
  return (JSON.parse(value) as Readonly<Record<string, unknown>>)['order_id'];
}
