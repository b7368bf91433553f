import type { PartitionImage } from '@moldau/cluster';
import type { BrokerNode } from '../world/broker-node.ts';
import { durableEnd } from './durable-log.ts';
import type { Findings } from './findings.ts';

/** What the checker looks at. */
export interface CandidateCheckerDeps {
  readonly findings: Findings;
  readonly broker: (id: number) => BrokerNode;
  /** Epoch in which a broker is registered; 0 when it never was. */
  readonly brokerEpoch: (id: number) => number;
}

/**
 * Checks at each change of a partition that all that is known to be committed is durable on every broker that may lead it next:
 * in ISR and ELR (LeaderCandidateCompleteness). Committed is what an acknowledgement, a consumer or a high watermark has shown.
 */
export class CandidateChecker {
  readonly #deps: CandidateCheckerDeps;
  /** The topic whose records are looked at; undefined before there is one. */
  topicId: string | undefined;
  readonly #committed = new Map<number, number>();

  constructor(deps: CandidateCheckerDeps) {
    this.#deps = deps;
  }

  /** Everything of the partition below `end` is committed. */
  committed(partition: number, end: number): void {
    if (end > (this.#committed.get(partition) ?? 0)) this.#committed.set(partition, end);
  }

  check(topicId: string, partition: number, { isr, elr, flush }: PartitionImage): void {
    const committed = this.#committed.get(partition);
    // With flush=async nothing has to be durable.
    if (topicId !== this.topicId || committed === undefined || flush === 'async') return;
    for (const id of [...isr, ...elr]) {
      const { disk, replacedAt } = this.#deps.broker(id);
      // The controller has not heard yet that the disk is another.
      if (replacedAt !== undefined && this.#deps.brokerEpoch(id) <= replacedAt) continue;
      const end = durableEnd(disk, topicId, partition) ?? 0;
      this.#deps.findings.expect(
        end >= committed,
        'candidate-incomplete',
        () => `broker ${id} may lead partition ${partition} and has ${end} of ${committed} committed records on its disk`,
      );
    }
  }
}
