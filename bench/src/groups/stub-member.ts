import { randomUUID } from 'node:crypto';
import type { Channel } from '@moldau/kernel';
import {
  type ClientCall,
  groupService,
  type MembershipAssignment,
  type MembershipCommitted,
  type MembershipRequest,
  type MembershipResponse,
  type OffsetToCommit,
  openStream,
} from '@moldau/protocol';
import { sharedNowMs } from '../measure/process-clock.ts';

/** A member without a client: it gives up at once what it is asked for, reads nothing, and commits what it is told to. */
export class StubMember {
  readonly #call: ClientCall<MembershipRequest>;
  readonly #unanswered = new Map<number, PromiseWithResolvers<void>>();
  #lastCommitId = 0;
  #epoch = 0;
  /** Why its stream is over. */
  failure: string | undefined;
  /** How many partitions it holds. */
  assigned = 0;
  /** When it was last told so, on the clock of the machine. */
  toldAtMs = 0;

  constructor(channel: Channel, groupId: string, topic: string) {
    this.#call = openStream(
      channel,
      groupService.membership,
      {},
      {
        message: (message) => this.#message(message),
        closed: (error) => this.#closed(error?.message ?? 'the stream ended'),
      },
    );
    const value = { groupId, memberId: randomUUID(), topicNames: [topic], metadata: new Uint8Array() };
    this.#call.send({ frame: { $case: 'join', value } });
  }

  live(): void {
    if (this.failure === undefined) this.#call.send({ frame: { $case: 'heartbeat', value: { memberEpoch: this.#epoch } } });
  }

  /** Rejects with the first offset that was refused. */
  commit(offsets: OffsetToCommit[]): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(new Error(this.failure));
    const commitId = ++this.#lastCommitId;
    const answer = Promise.withResolvers<void>();
    this.#unanswered.set(commitId, answer);
    this.#call.send({ frame: { $case: 'commit', value: { commitId, offsets, memberEpoch: this.#epoch } } });
    return answer.promise;
  }

  leave(): void {
    if (this.failure === undefined) this.#call.send({ frame: { $case: 'leave', value: { returning: false } } });
  }

  #message({ frame }: MembershipResponse): void {
    switch (frame?.$case) {
      case 'joined':
        this.#told(frame.value.assignment);
        return;
      case 'assignment':
        this.#told(frame.value);
        return;
      case 'committed':
        this.#committed(frame.value);
        return;
      case 'goAway':
      case 'settings':
      case undefined:
    }
  }

  #told(assignment: MembershipAssignment | undefined): void {
    if (assignment === undefined) return;
    this.#epoch = assignment.memberEpoch;
    this.assigned = assignment.assigned.reduce((sum, { partitions }) => sum + partitions.length, 0);
    this.toldAtMs = sharedNowMs();
    this.live();
  }

  #committed({ commitId, error, results }: MembershipCommitted): void {
    const answer = this.#unanswered.get(commitId);
    this.#unanswered.delete(commitId);
    const refused = error ?? results.find((result) => result.error !== undefined)?.error;
    if (refused === undefined) answer?.resolve();
    else answer?.reject(new Error(`a commit was refused: ${refused.reason} ${refused.message}`));
  }

  #closed(why: string): void {
    this.failure = why;
    for (const answer of this.#unanswered.values()) answer.reject(new Error(why));
    this.#unanswered.clear();
  }
}
