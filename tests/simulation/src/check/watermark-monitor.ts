import type { World } from '../world/world.ts';

/** Between two questions, in ms; one is asked when the one before has been answered. */
const INTERVAL_MS = 150;
const TIMEOUT_MS = 1_000;

/**
 * Asks for the high watermarks again and again, one question after the other, so that what was answered later may not be
 * lower; and checks of each answer that the leader epoch in it was won by the life of the broker that answers.
 */
export class WatermarkMonitor {
  readonly #world: World;
  readonly #topic: { readonly name: string; readonly id: string; readonly partitions: number };
  readonly #highest = new Map<number, number>();
  #stopped = false;

  constructor(world: World, topic: { readonly name: string; readonly id: string; readonly partitions: number }) {
    this.#world = world;
    this.#topic = topic;
  }

  start(): void {
    this.#later();
  }

  stop(): void {
    this.#stopped = true;
  }

  #later(): void {
    this.#world.client('observer').process.scheduler.after(INTERVAL_MS, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    if (this.#stopped) return;
    const lives = new Map(this.#world.brokers.map((broker) => [broker.id, broker.startRevision]));
    const { name: topic, partitions } = this.#topic;
    const questions = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, position: 'latest' as const }));
    const answers = await this.#world.client('observer').moldau.admin().listOffsets(questions, { timeoutMs: TIMEOUT_MS });
    for (const { partition, offset, leaderEpoch } of answers) {
      if (offset === undefined) continue;
      this.#checkHighest(partition, offset);
      if (leaderEpoch !== undefined) this.#checkLife(partition, leaderEpoch, lives);
    }
    this.#later();
  }

  #checkHighest(partition: number, offset: number): void {
    const before = this.#highest.get(partition) ?? 0;
    this.#world.findings.expect(offset >= before, 'high-watermark-back', () => `partition ${partition}: ${before}, then ${offset}`);
    this.#highest.set(partition, Math.max(before, offset));
    this.#world.candidates.committed(partition, offset);
  }

  #checkLife(partition: number, leaderEpoch: number, lives: ReadonlyMap<number, number | undefined>): void {
    const { findings, metadata } = this.#world;
    const won = metadata.wonEpoch(this.#topic.id as Parameters<typeof metadata.wonEpoch>[0], partition, leaderEpoch);
    if (won === undefined) {
      findings.add('unknown-leader-epoch', `partition ${partition} was answered for in epoch ${leaderEpoch}, which nobody has won`);
      return;
    }
    const startRevision = lives.get(won.leader);
    // Another life since the question: either may have answered.
    if (startRevision === undefined || this.#world.broker(won.leader).startRevision !== startRevision) return;
    const detail = (): string =>
      `broker ${won.leader}, begun at revision ${startRevision}, leads partition ${partition} in epoch ${leaderEpoch}, won by its life ${won.leaderBrokerEpoch}`;
    findings.expect(won.leaderBrokerEpoch > startRevision, 'epoch-of-another-life', detail);
  }
}
