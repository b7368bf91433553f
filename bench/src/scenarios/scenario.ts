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

/** Why a scenario could not run here; that is no pass. */
export interface NotRun {
  readonly notRun: string;
}

export interface Scenario {
  readonly name: string;
  readonly description: string;
  /** Brokers of the Kafka it is compared with; default 1. */
  readonly kafkaBrokers?: 1 | 3;
  run(context: BenchContext): Promise<readonly Figure[] | NotRun>;
}

const RECORDS_MIN = 1000;

/** A number of records at this scale. */
export function scaled(context: BenchContext, records: number): number {
  return Math.max(RECORDS_MIN, Math.round(records * context.scale));
}
