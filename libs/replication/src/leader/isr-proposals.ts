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
  /** Every member has flushed all that was acknowledged so far, for a partition that goes from flush=async to sync. */
  readonly allFlushed: boolean;
}

/**
 * What became of a proposal. `taken`: the controller wrote it, and the record is on its way. `refused`: it was not written
 * and never will be. `unknown`: it may have been, or may yet be.
 */
export type ProposalOutcome = 'taken' | 'refused' | 'unknown';

/**
 * settled ⇄ asked; every state → settled, nothing in doubt, by a newer record. `settled`: none is under way, though the outcome of
 * earlier ones may be in doubt, or a record that was taken on its way.
 */
type State =
  | { readonly kind: 'settled'; readonly notBeforeMs: number }
  | { readonly kind: 'asked'; readonly proposal: IsrProposal; readonly doubtfulBefore: readonly BrokerId[] };

/** After a refusal or an unknown outcome the next proposal waits this long, so that a cause that lasts is not asked about without end. */
export const PROPOSAL_PAUSE_MS = 200;
/**
 * After a proposal was taken the next one waits this long for the record. It comes within milliseconds; a controller that had
 * nothing to change sends none.
 */
export const RECORD_WAIT_MS = 2000;

/** The proposals of one leader for one partition: at most one at a time, and what may have come of the earlier ones. */
export class IsrProposals {
  #state: State = { kind: 'settled', notBeforeMs: Number.NEGATIVE_INFINITY };
  /** Members of proposals that are not known to be refused: they count until a newer record fences those proposals. */
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
    this.#state = { kind: 'asked', proposal, doubtfulBefore: this.#doubtful };
    this.#doubtful = [...new Set([...this.#doubtful, ...proposal.isr.map(({ brokerId }) => brokerId)])];
  }

  /** True when what is possible changed. The outcome of a proposal that a newer record has overtaken says nothing. */
  settled(proposal: IsrProposal, outcome: ProposalOutcome, nowMs: number): boolean {
    if (this.#state.kind !== 'asked' || this.#state.proposal !== proposal) return false;
    const { doubtfulBefore } = this.#state;
    this.#state = { kind: 'settled', notBeforeMs: nowMs + (outcome === 'taken' ? RECORD_WAIT_MS : PROPOSAL_PAUSE_MS) };
    if (outcome !== 'refused') return false;
    // Earlier proposals of unknown outcome stay possible: this refusal does not speak of them.
    this.#doubtful = doubtfulBefore;
    return true;
  }

  /** A newer record: the controller takes no proposal for an older one any more. */
  overtaken(): void {
    this.#state = { kind: 'settled', notBeforeMs: Number.NEGATIVE_INFINITY };
    this.#doubtful = [];
  }
}
