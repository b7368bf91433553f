import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ConnectRig, type RigWorker, startRig } from './fixture/connect-rig.ts';
import { readTopic } from './fixture/read-topic.ts';
import { statesOf } from './fixture/rest-client.ts';

const WAIT = { timeout: 60_000, interval: 200 };
const CONNECTORS = 6;
/** What a death may cost the tasks of the dead on a machine that runs other tests too; alone it is 10 s, as `npm run bench -- --connect` measures. */
const RESUMED_MS = 40_000;
/** A task that went on has no larger hole between its records, also on such a machine. */
const STEADY_MS = 5_000;
const RUN_MS = 6_000;

let rig: ConnectRig;
let workers: readonly [RigWorker, RigWorker];

beforeAll(async () => {
  rig = await startRig();
  workers = await Promise.all([rig.startWorker('one'), rig.startWorker('two')]);
}, 120_000);

afterAll(async () => rig?.[Symbol.asyncDispose]());

/** The longest time between two records of a topic, in ms, by when they were made. */
async function longestHole(topic: string): Promise<number> {
  const times = (await readTopic(rig.moldau, topic)).map(({ timestampMs }) => timestampMs);
  return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
}

async function taskWorkers(rest: RigWorker['rest']): Promise<ReadonlyMap<string, string>> {
  const statuses = await rest.statuses();
  return new Map([...statuses].map(([name, { tasks }]) => [name, tasks[0]?.state === 'RUNNING' ? tasks[0].worker_id : '']));
}

describe('two workers', () => {
  it('share tasks; when one is killed the other resumes its tasks, and its own never stop', async () => {
    const [one, two] = workers;
    const names = Array.from({ length: CONNECTORS }, (_none, index) => `shared-${index}`);
    const config = { 'connector.class': 'DatagenSource', template: 'logs', 'records.per.second': '20' };
    for (const name of names) await two.rest.apply(name, { ...config, topic: name });
    await vi.waitFor(async () => {
      for (const name of names) expect(statesOf(await two.rest.status(name))).toBe('RUNNING RUNNING');
    }, WAIT);
    const before = await taskWorkers(two.rest);
    expect(new Set(before.values())).toEqual(new Set(['one', 'two']));
    await sleep(RUN_MS / 3);
    await one.kill();
    const killedAt = performance.now();
    await vi.waitFor(async () => expect(new Set((await taskWorkers(two.rest)).values())).toEqual(new Set(['two'])), WAIT);
    expect(performance.now() - killedAt).toBeLessThan(RESUMED_MS);
    await sleep(RUN_MS);
    for (const name of names) {
      const limit = before.get(name) === 'one' ? RESUMED_MS : STEADY_MS;
      expect([name, await longestHole(name)]).toEqual([name, expect.toSatisfy((hole: number) => hole < limit)]);
    }
  }, 180_000);

  it('that comes back takes its share again, without a stop of more than a moment', async () => {
    const [, two] = workers;
    const three = await rig.startWorker('three');
    await vi.waitFor(async () => expect(new Set((await taskWorkers(two.rest)).values())).toEqual(new Set(['three', 'two'])), WAIT);
    // Asked of the one that does not lead: it forwards, and answers with what the leader wrote.
    expect((await three.rest.patiently('DELETE', '/connectors/shared-0')).status).toBe(204);
    expect((await three.rest.call('GET', '/connectors')).body).not.toContain('shared-0');
  }, 150_000);
});
