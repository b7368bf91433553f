import type { Read } from '@moldau/harness/history';
import { MoldauError } from '@moldau/kernel';
import type { Scenario } from '../scenario/scenario.ts';
import type { World } from '../world/world.ts';
import { TOPIC } from './producing.ts';

/** Consumers that read all partitions from their beginning until they are stopped. */
export class Consuming {
  readonly #world: World;
  readonly #scenario: Scenario;
  readonly #readers: ReturnType<World['reads']['reader']>[] = [];
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(world: World, scenario: Scenario) {
    this.#world = world;
    this.#scenario = scenario;
  }

  start(): void {
    for (let number = 1; number <= this.#scenario.consumers; number++)
      this.#startOne(`consumer-${number}`, number % 2 === 0 ? 'poll' : 'stream');
  }

  /** Whether each consumer has read up to these ends. */
  reached(ends: ReadonlyMap<number, number>): boolean {
    return this.#readers.every((reader) => [...ends].every(([partition, end]) => reader.next(partition) >= end));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
  }

  #startOne(name: string, fetchMode: 'stream' | 'poll'): void {
    const { findings, reads } = this.#world;
    const reader = reads.reader(name);
    this.#readers.push(reader);
    const consumer = this.#world.client(name).moldau.consumer({ assignment: [{ topic: TOPIC }], fetchMode });
    const running = (async () => {
      for await (const batch of consumer.batches()) for (const record of batch) reader.observe(record);
    })();
    running.catch((error: unknown) => findings.add('consumer-failed', `${name}: ${MoldauError.from(error).message}`));
    this.#stops.push(() => consumer.close());
  }
}

/** Reads the whole topic once, from beginning to end. */
export async function readAll(world: World): Promise<readonly Read[]> {
  const log: Read[] = [];
  const consumer = world.client('observer').moldau.consumer({ assignment: [{ topic: TOPIC }], stopAtEnd: true });
  for await (const batch of consumer.batches()) {
    for (const { partition, offset, value } of batch) log.push({ partition, offset, value: value === null ? null : value.slice() });
  }
  await consumer.close();
  return log;
}
