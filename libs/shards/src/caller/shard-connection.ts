import { type Channel, composedBytes, MoldauError, type Scheduler } from '@moldau/kernel';
import {
  type ClientCall,
  ConnectRequest,
  type ConnectResponse,
  encodeMessage,
  type MemberFrame,
  type MemberNotice,
  openStream,
  type ShardAnswer,
  type ShardCall,
  shardService,
} from '@moldau/protocol';
import { FrameQueue } from './frame-queue.ts';

/** Calls that one owner has not answered: far more than it works on at once; more are refused. */
const UNANSWERED_MAX = 20_000;
/** Bytes that the stream to one owner has not taken; more are refused. */
const UNSENT_BYTES_MAX = 32 * 1024 * 1024;

/** What becomes of a call. Exactly one of both runs. */
export interface CallEvents {
  answered(answer: ShardAnswer): void;
  /** The stream broke before the answer: perhaps it was carried out, unless `error` is definite. */
  broken(error: MoldauError): void;
}

export interface StreamMember {
  notice(notice: NonNullable<MemberNotice['notice']>): void;
  broken(): void;
}

/**
 * The stream to one coordinator, opened when something is to be sent and none is open. What is unanswered when it breaks is told
 * so; whoever sent it decides whether, where and when to send it again.
 */
export class ShardConnection {
  readonly #channel: Channel;
  readonly #scheduler: Scheduler;
  readonly #name: string;
  readonly #unanswered = new Map<number, CallEvents>();
  readonly #members = new Map<number, StreamMember>();
  readonly #frames: FrameQueue;
  #stream: ClientCall<ConnectRequest> | undefined;
  #nextMembership = 1;

  /** `name` is "broker/<id>" or "coordinator/<id>", for the other side's log. */
  constructor(channel: Channel, scheduler: Scheduler, name: string) {
    this.#channel = channel;
    this.#scheduler = scheduler;
    this.#name = name;
    this.#frames = new FrameQueue(this.#scheduler, (message) => this.#stream?.sendEncoded(composedBytes(message)) ?? true);
  }

  get isIdle(): boolean {
    return this.#unanswered.size === 0 && this.#members.size === 0;
  }

  get unanswered(): number {
    return this.#unanswered.size;
  }

  get members(): number {
    return this.#members.size;
  }

  /** @throws MoldauError SHARD_OVERLOADED */
  call(call: ShardCall, events: CallEvents): void {
    this.#assertRoom();
    this.#open();
    this.#unanswered.set(call.callId, events);
    this.#frames.push(encodeMessage(ConnectRequest, { calls: [call], members: [] }));
  }

  /** Nobody waits for the answer any more. */
  forget(callId: number): void {
    this.#unanswered.delete(callId);
  }

  /** The id of a new membership on the stream. @throws MoldauError SHARD_OVERLOADED */
  enter(member: StreamMember): number {
    this.#assertRoom();
    this.#open();
    const membership = this.#nextMembership;
    this.#nextMembership += 1;
    this.#members.set(membership, member);
    return membership;
  }

  /** What a membership says; only while it is entered. */
  say(membership: number, frame: NonNullable<MemberFrame['frame']>): void {
    this.#frames.push(encodeMessage(ConnectRequest, { calls: [], members: [{ membership, frame }] }));
  }

  leave(membership: number): void {
    this.#members.delete(membership);
  }

  close(error: MoldauError): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.cancel();
    this.#broken(error);
  }

  #assertRoom(): void {
    if (this.#unanswered.size < UNANSWERED_MAX && this.#frames.bytes < UNSENT_BYTES_MAX) return;
    const facts = { calls: String(this.#unanswered.size), limit: String(UNANSWERED_MAX), bytes: String(this.#frames.bytes) };
    throw new MoldauError('SHARD_OVERLOADED', 'too much is unanswered by the owner of the shard', facts);
  }

  #open(): void {
    if (this.#stream !== undefined) return;
    const stream = openStream(
      this.#channel,
      shardService.connect,
      {},
      {
        message: (message) => this.#received(message),
        drained: () => this.#frames.drained(),
        closed: (error) => {
          if (this.#stream !== stream) return;
          this.#stream = undefined;
          this.#broken(error ?? new MoldauError('COORDINATOR_NOT_AVAILABLE', 'the coordinator has ended the stream', {}));
        },
      },
    );
    this.#stream = stream;
    this.#frames.drained();
    this.#frames.push(encodeMessage(ConnectRequest, { caller: { name: this.#name }, calls: [], members: [] }));
  }

  #received({ answers, members }: ConnectResponse): void {
    for (const answer of answers) {
      const call = this.#unanswered.get(answer.callId);
      this.#unanswered.delete(answer.callId);
      call?.answered(answer);
    }
    for (const { membership, notice } of members) if (notice !== undefined) this.#members.get(membership)?.notice(notice);
  }

  #broken(error: MoldauError): void {
    this.#frames.clear();
    const calls = [...this.#unanswered.values()];
    const members = [...this.#members.values()];
    this.#unanswered.clear();
    this.#members.clear();
    for (const call of calls) call.broken(error);
    for (const member of members) member.broken();
  }
}
