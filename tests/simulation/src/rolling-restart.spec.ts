import type { Admin } from '@moldau/client';
import { describe, expect, it } from 'vitest';
import { planScenario } from './scenario/scenario.ts';
import { World } from './world/world.ts';

const TOPIC = 'orders';
const PARTITIONS = 6;
/** A step of virtual time. */
const STEP_MS = 5;
const LIMIT_MS = 60_000;
/** One record, to the partitions in turn. */
const SEND_INTERVAL_MS = 4;
/** What a client may notice of a planned stop. */
const GAP_MS_MAX = 300;

/** Records that are sent steadily, and the longest time without an acknowledgement that any partition has seen. */
class SteadySends {
  longestGapMs = 0;
  acknowledged = 0;
  readonly failures: string[] = [];
  readonly #world: World;
  readonly #lastMs: number[];

  constructor(world: World) {
    this.#world = world;
    this.#lastMs = new Array<number>(PARTITIONS).fill(world.scheduler.nowMs);
    const producer = world.client('producer-1').moldau.producer({ lingerMs: 0 });
    const send = (number: number): void => {
      const partition = number % PARTITIONS;
      producer.send({ topic: TOPIC, partition, value: new Uint8Array(100) }).then(
        () => this.#acknowledged(partition),
        (error: unknown) => this.failures.push(String(error)),
      );
      world.scheduler.after(SEND_INTERVAL_MS, () => send(number + 1));
    };
    send(0);
  }

  #acknowledged(partition: number): void {
    const nowMs = this.#world.scheduler.nowMs;
    this.longestGapMs = Math.max(this.longestGapMs, nowMs - (this.#lastMs[partition] ?? nowMs));
    this.#lastMs[partition] = nowMs;
    this.acknowledged += 1;
  }
}

/** Runs the cluster until the promise settles. */
async function done<Value>(world: World, promise: Promise<Value>): Promise<Value> {
  const endMs = world.scheduler.nowMs + LIMIT_MS;
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  while (!settled) {
    if (world.scheduler.nowMs > endMs) throw new Error(`what is awaited did not come within ${LIMIT_MS} ms`);
    await world.scheduler.runFor(STEP_MS);
  }
  return promise;
}

async function until(world: World, isTrue: () => Promise<boolean>): Promise<void> {
  const endMs = world.scheduler.nowMs + LIMIT_MS;
  while (!(await done(world, isTrue()))) {
    if (world.scheduler.nowMs > endMs) throw new Error(`not so within ${LIMIT_MS} ms`);
    await world.scheduler.runFor(STEP_MS);
  }
}

async function allInSync(admin: Admin): Promise<boolean> {
  const [topic] = await admin.describeTopics([TOPIC]).catch(() => []);
  return topic?.partitions.every(({ leaderId, inSyncReplicaIds }) => leaderId !== undefined && inSyncReplicaIds.length === 3) === true;
}

describe('a rolling restart under load', () => {
  it.each([1, 2, 3, 4])(
    'fails no send, and no partition pauses for long (seed %i)',
    async (seed) => {
      const world = new World({ ...planScenario(seed, { brokers: 3, factor: 3, minIsr: 2, faults: () => [] }), coordinators: 2 });
      const serves = async (): Promise<boolean> => world.brokers.every(({ broker }) => broker?.readiness().ready === true);
      for (const node of [...world.coordinators, ...world.brokers]) node.start();
      await until(world, serves);
      const admin = world.client('observer').moldau.admin();
      const [created] = await done(world, admin.createTopics([{ name: TOPIC, partitions: PARTITIONS, replicationFactor: 3 }]));
      expect(created?.error).toBeUndefined();
      const sends = new SteadySends(world);
      await world.scheduler.runFor(1_000);
      sends.longestGapMs = 0;
      for (const broker of world.brokers) {
        await done(world, broker.shutdown());
        await world.scheduler.runFor(500);
        broker.start();
        await until(world, serves);
        await until(world, () => allInSync(admin));
      }
      await world.scheduler.runFor(1_000);
      expect(sends.failures).toEqual([]);
      expect(sends.acknowledged).toBeGreaterThan(1_000);
      expect(sends.longestGapMs).toBeLessThan(GAP_MS_MAX);
    },
    60_000,
  );
});
