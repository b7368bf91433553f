import { assert, type BrokerEpoch, type BrokerId, type LeaderEpoch, type PartitionEpoch } from '@moldau/kernel';

/** A member of a proposed ISR, and the life of it that has proved itself. */
export interface IsrMember {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
}

/** An ISR the leader proposes to the controller. */
export interface IsrProposal {
  readonly leaderEpoch: LeaderEpoch;
  /** Of the record it changes. */
  readonly partitionEpoch: PartitionEpoch;
  /** The whole new ISR, the leader among them. */
  readonly isr: readonly IsrMember[];
}

/**
 * What became of a proposal. `taken`: the controller wrote it, and the record is on its way. `refused`: it was not written
 * and never will be. `unknown`: it may have been, or may yet be.
 */
export type ProposalOutcome = 'taken' | 'refused' | 'unknown';

/**
 * settled → asked → taken → settled; asked → settled (refused); asked → settled (unknown, its members still possible).
 * Every state → settled, nothing possible, by a newer record.
 */
type State =
  | { readonly kind: 'settled'; readonly notBeforeMs: number }
  | { readonly kind: 'asked'; readonly proposal: IsrProposal }
  | { readonly kind: 'taken' };

/** After a refusal or an unknown outcome the next proposal waits this long, so that a cause that lasts is not asked about without end. */
export const PROPOSAL_PAUSE_MS = 200;

/** The proposals of one leader for one partition: at most one at a time, and what may have come of the earlier ones. */
export class IsrProposals {
  #state: State = { kind: 'settled', notBeforeMs: Number.NEGATIVE_INFINITY };
  /** Members of proposals whose outcome nobody told: they count until a newer record fences those proposals. */
  #doubtful: readonly BrokerId[] = [];

  /** Whether a proposal of unknown outcome must be resolved by another. */
  get inDoubt(): boolean {
    return this.#doubtful.length > 0;
  }

  /** Members that the ISR may have beside the committed ones. */
  get possible(): readonly BrokerId[] {
    return this.#doubtful;
  }

  mayPropose(nowMs: number): boolean {
    return this.#state.kind === 'settled' && nowMs >= this.#state.notBeforeMs;
  }

  begin(proposal: IsrProposal): void {
    assert(this.#state.kind === 'settled', 'one proposal at a time', { kind: this.#state.kind });
    this.#state = { kind: 'asked', proposal };
    this.#before = this.#doubtful;
    this.#doubtful = merge(this.#doubtful, proposal);
  }

  #before: readonly BrokerId[] = [];

  /** True when what is possible changed. An outcome of a proposal that a newer record has overtaken says nothing. */
  settled(proposal: IsrProposal, outcome: ProposalOutcome, nowMs: number): boolean {
    if (this.#state.kind !== 'asked' || this.#state.proposal !== proposal) return false;
    if (outcome === 'taken') {
      this.#state = { kind: 'taken' };
      return false;
    }
    this.#state = { kind: 'settled', notBeforeMs: nowMs + PROPOSAL_PAUSE_MS };
    if (outcome === 'unknown') return false;
    // Earlier proposals of unknown outcome stay possible: this refusal does not speak of them.
    this.#doubtful = this.#before;
    return true;
  }

  /** A newer record: the controller takes no proposal for an older one any more. */
  overtaken(): void {
    this.#state = { kind: 'settled', notBeforeMs: Number.NEGATIVE_INFINITY };
    this.#doubtful = [];
  }
}

function merge(ids: readonly BrokerId[], proposal: IsrProposal): readonly BrokerId[] {
  return [...new Set([...ids, ...proposal.isr.map(({ brokerId }) => brokerId)])];
}
