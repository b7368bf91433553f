import type { KafkaAnchor } from '../kafka/kafka-anchor.ts';
import type { Figure } from '../report/figure.ts';

/** What a scenario may use. */
export interface BenchContext {
  /** A real Kafka to compare with, when there is one. */
  readonly kafka: KafkaAnchor | undefined;
  /** Counted runs, or pairs of runs. */
  readonly runs: number;
  /** Multiplies how much each run does: 1 as published, less for a quick look. */
  readonly scale: number;
  say(line: string): void;
}

export interface Scenario {
  readonly name: string;
  readonly description: string;
  run(context: BenchContext): Promise<readonly Figure[]>;
}

/** A number of records at this scale. */
export function scaled(context: BenchContext, records: number): number {
  return Math.max(1000, Math.round(records * context.scale));
}
