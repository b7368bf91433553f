import type { BrokerImage, PartitionImage } from '@moldau/cluster';
import type { BrokerNode } from '../world/broker-node.ts';
import { directoryOn, durableEnd } from './durable-log.ts';
import type { Findings } from './findings.ts';

/** What the checker looks at. */
export interface CandidateCheckerDeps {
  readonly findings: Findings;
  readonly broker: (id: number) => BrokerNode;
  /** A broker as it is registered; undefined when it never was. */
  readonly registered: (id: number) => BrokerImage | undefined;
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
      if (this.#isUnheardOf(id)) continue;
      const end = durableEnd(this.#deps.broker(id).disk, topicId, partition) ?? 0;
      this.#deps.findings.expect(
        end >= committed,
        'candidate-incomplete',
        () => `broker ${id} may lead partition ${partition} and has ${end} of ${committed} committed records on its disk`,
      );
    }
  }

  /**
   * Whether the controller has not heard yet that the disk is another. It does before the broker may lead, since only a registration
   * makes a broker serve; one of an earlier life, which speaks of the disk that is gone, may come late, and stays fenced.
   */
  #isUnheardOf(id: number): boolean {
    const { disk, replacedAt } = this.#deps.broker(id);
    const registered = this.#deps.registered(id);
    if (replacedAt === undefined) return false;
    if (registered === undefined || registered.brokerEpoch <= replacedAt) return true;
    return registered.fenced && registered.directoryId !== directoryOn(disk);
  }
}
