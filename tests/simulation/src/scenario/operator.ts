import { MoldauError } from '@moldau/kernel';
import { TOPIC } from '../workload/producing.ts';
import type { World } from '../world/world.ts';

/** Between two attempts to take a drain back, in ms. */
const RETRY_MS = 500;

/** Somebody who moves replicas while all else goes wrong. What is refused, or never answered, is let be. */
export class Operator {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  reassign(partition: number, replicas: readonly number[] | 'cancel'): void {
    void this.#try('reassign', async () => {
      const [outcome] = await this.#admin.reassignPartitions([{ topic: TOPIC, partition, replicas }]);
      if (outcome?.error !== undefined) throw outcome.error;
    });
  }

  electPreferred(): void {
    void this.#try('elect-preferred', async () => {
      await this.#admin.electLeaders('preferred', []);
    });
  }

  /** Returns the way to end it: asked for until it is. */
  drain(broker: number): () => void {
    void this.#try('drain-broker', () => this.#admin.drainBroker(broker, 'start'));
    const cancel = async (): Promise<void> => {
      if (await this.#try('cancel-drain', () => this.#admin.drainBroker(broker, 'cancel'))) return;
      this.#world.scheduler.after(RETRY_MS, () => void cancel());
    };
    return () => void cancel();
  }

  get #admin() {
    return this.#world.client('observer').moldau.admin();
  }

  async #try(what: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#world.trace.note('operator', `${what}: ${MoldauError.from(error).reason}`);
      return false;
    }
  }
}
