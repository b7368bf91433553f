import type { GroupConsumer } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import { SeededRandom } from '@moldau/testkit';
import type { Findings } from '../check/findings.ts';
import type { GroupChecker, Tenure } from '../check/group-checker.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { ClientNode } from '../world/client-node.ts';
import { TOPIC } from './producing.ts';

export const READERS = 'readers';

/** Records between two commits of the member's own. */
const COMMIT_EVERY_MAX = 30;
const COMMIT_MS = 700;
/** Shares of the members' habits. */
const STATIC_SHARE = 0.3;
const AUTOMATIC_SHARE = 0.3;
const LEAVE_SHARE = 0.01;
const AWAY_MS_MAX = 1_500;

export interface GroupReading {
  readonly scenario: Scenario;
  readonly checker: GroupChecker;
  readonly findings: Findings;
}

/** A member of the group, for one life: reads, commits what it has finished, goes now and then, and joins again. */
export class Member {
  readonly #node: ClientNode;
  readonly #reading: GroupReading;
  readonly #random: SeededRandom;
  readonly #tenures = new Map<number, Tenure>();
  /** The next offset after what it has finished, by partition. */
  readonly #finished = new Map<number, number>();
  readonly #automatic: boolean;
  readonly #isStatic: boolean;
  readonly #name: string;
  #consumer: GroupConsumer | undefined;
  #stopping = false;
  readonly done: Promise<void>;

  constructor(node: ClientNode, life: number, reading: GroupReading) {
    this.#node = node;
    this.#reading = reading;
    this.#name = `${node.name}.${life}`;
    const number = Number(node.name.at(-1));
    this.#random = new SeededRandom(reading.scenario.seed * 128 + life * 8 + number);
    // Its habits are the same in each of its lives.
    const habits = new SeededRandom(reading.scenario.seed * 128 + number);
    this.#automatic = habits.chance(AUTOMATIC_SHARE);
    this.#isStatic = habits.chance(STATIC_SHARE);
    this.done = this.#run();
  }

  stop(): Promise<void> {
    this.#stopping = true;
    return this.#consumer?.close() ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#read();
      } catch (error) {
        const { reason, message } = MoldauError.from(error);
        this.#reading.findings.add('member-failed', `${this.#name}: ${reason}: ${message}`);
      }
      await this.#consumer?.close({ returning: this.#isStatic });
      await this.#wait(AWAY_MS_MAX);
    }
  }

  async #read(): Promise<void> {
    const { checker } = this.#reading;
    const consumer = this.#node.moldau.consumer({
      group: READERS,
      topics: [TOPIC],
      autoCommit: this.#automatic,
      autoCommitIntervalMs: 300,
      rebalanceTimeoutMs: 3_000,
      ...(this.#isStatic ? { instanceId: this.#node.name } : {}),
      onAssigned: (partitions) => {
        for (const { partition } of partitions) this.#tenures.set(partition, checker.assigned(this.#name, partition));
      },
      onRevoked: async (partitions) => {
        if (!this.#automatic) await this.#commit(consumer);
        for (const { partition } of partitions) this.#end(partition);
      },
      onLost: (partitions) => {
        for (const { partition } of partitions) this.#end(partition);
      },
    });
    this.#consumer = consumer;
    let uncommitted = 0;
    let reading = true;
    const commitSoon = (): void => {
      if (!reading) return;
      // What came last is committed though nothing follows it.
      void this.#commit(consumer);
      this.#node.process.scheduler.after(COMMIT_MS, commitSoon);
    };
    if (!this.#automatic) this.#node.process.scheduler.after(COMMIT_MS, commitSoon);
    for await (const { partition, offset } of consumer) {
      // The work on it: done before the next is asked for.
      if (this.#random.chance(0.05)) await this.#wait(50);
      checker.finished(partition, offset);
      this.#finished.set(partition, offset + 1);
      uncommitted += 1;
      if (!this.#automatic && uncommitted >= this.#random.between(1, COMMIT_EVERY_MAX)) {
        uncommitted = 0;
        await this.#commit(consumer);
      }
      if (this.#stopping || this.#random.chance(LEAVE_SHARE)) break;
    }
    reading = false;
  }

  /** What it has finished of each partition that it holds. */
  async #commit(consumer: GroupConsumer): Promise<void> {
    const { checker } = this.#reading;
    const offers = [...this.#tenures.values()].flatMap((tenure) => {
      const offset = this.#finished.get(tenure.partition);
      return offset === undefined ? [] : [{ tenure, offset, before: checker.known(tenure.partition) }];
    });
    if (offers.length === 0) return;
    try {
      await consumer.commit(offers.map(({ tenure, offset }) => ({ topic: TOPIC, partition: tenure.partition, offset })));
    } catch {
      return;
    }
    for (const { tenure, offset, before } of offers) checker.accepted(tenure, offset, before);
  }

  #end(partition: number): void {
    const tenure = this.#tenures.get(partition);
    if (tenure !== undefined) tenure.ended = true;
    this.#tenures.delete(partition);
    this.#finished.delete(partition);
  }

  #wait(maxMs: number): Promise<void> {
    return new Promise((resolve) => void this.#node.process.scheduler.after(this.#random.fraction() * maxMs, resolve));
  }
}
