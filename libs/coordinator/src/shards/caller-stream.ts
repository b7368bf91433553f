import { type Logger, MoldauError, type Scheduler } from '@moldau/kernel';
import {
  type ConnectRequest,
  ConnectResponse,
  encodeMessage,
  errorToItem,
  type MemberNotice,
  type ServerCall,
  type ShardAnswer,
  type ShardCall,
} from '@moldau/protocol';
import { FrameQueue } from '@moldau/shards';
import type { MemberHost, MemberStream } from './shard-kind.ts';

export interface CallerStreamDeps {
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** Rejects with the error of the answer. */
  answer(call: ShardCall): Promise<ShardAnswer['answer']>;
  readonly members: MemberHost | undefined;
}

/** Calls of one stream that are not answered yet; more are refused. As many as a caller has unanswered at most. */
const UNANSWERED_MAX = 20_000;
/** A caller that does not take its answers is not read from above this many bytes of them … */
const UNTAKEN_BYTES_PAUSE = 4 * 1024 * 1024;
/** … and loses its stream above this: what members are told does not wait for them to ask. */
const UNTAKEN_BYTES_MAX = 64 * 1024 * 1024;

/** The stream of one broker or coordinator: its calls and its members. */
export class CallerStream implements MemberStream {
  readonly #deps: CallerStreamDeps;
  readonly #call: ServerCall<ConnectResponse>;
  readonly #frames: FrameQueue;
  #caller: string | undefined;
  #unanswered = 0;
  #paused = false;
  #over = false;

  constructor(deps: CallerStreamDeps, call: ServerCall<ConnectResponse>) {
    this.#deps = deps;
    this.#call = call;
    this.#frames = new FrameQueue(deps.scheduler, (message) => call.sendComposed(message));
  }

  get caller(): string {
    return this.#caller ?? '';
  }

  /** @throws MoldauError INVALID_REQUEST when it does not begin with who calls */
  message({ caller, calls, members }: ConnectRequest): void {
    if ((caller === undefined) === (this.#caller === undefined)) {
      throw new MoldauError('INVALID_REQUEST', 'the first message, and only that, says who calls', { field: 'caller' });
    }
    this.#caller ??= caller?.name ?? '';
    for (const call of calls) void this.#answer(call);
    for (const { membership, frame } of members) {
      if (frame === undefined) continue;
      if (this.#deps.members !== undefined) this.#deps.members.frame(this, membership, frame);
      else this.tell(membership, { $case: 'ended', value: { error: errorToItem(noMembers()) } });
    }
  }

  tell(membership: number, notice: NonNullable<MemberNotice['notice']>): void {
    this.#send({ answers: [], members: [{ membership, notice }] });
  }

  drained(): void {
    this.#frames.drained();
    if (!this.#paused || this.#frames.bytes >= UNTAKEN_BYTES_PAUSE) return;
    this.#paused = false;
    this.#call.resume();
  }

  closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#frames.clear();
    this.#deps.members?.closed(this);
  }

  close(error: MoldauError): void {
    this.closed();
    this.#call.close(error);
  }

  async #answer(call: ShardCall): Promise<void> {
    const { callId } = call;
    if (this.#unanswered >= UNANSWERED_MAX) {
      const facts = { calls: String(this.#unanswered), limit: String(UNANSWERED_MAX) };
      return this.#send(
        failed(callId, new MoldauError('SHARD_OVERLOADED', `${this.#unanswered} calls of one stream are unanswered`, facts)),
      );
    }
    this.#unanswered += 1;
    try {
      this.#send({ answers: [{ callId, answer: await this.#deps.answer(call) }], members: [] });
    } catch (caught) {
      if (!(caught instanceof MoldauError)) throw caught;
      this.#send(failed(callId, caught));
    } finally {
      this.#unanswered -= 1;
    }
  }

  #send(message: ConnectResponse): void {
    if (this.#over) return;
    this.#frames.push(encodeMessage(ConnectResponse, message));
    const { bytes } = this.#frames;
    if (bytes > UNTAKEN_BYTES_MAX) {
      this.#deps.logger.warn('a caller does not take what it is told: its stream ends', { caller: this.caller, bytes });
      return this.close(new MoldauError('SHARD_OVERLOADED', `${bytes} bytes of answers wait`, { limit: String(UNTAKEN_BYTES_MAX) }));
    }
    if (bytes < UNTAKEN_BYTES_PAUSE || this.#paused) return;
    this.#paused = true;
    this.#call.pause();
  }
}

function failed(callId: number, error: MoldauError): ConnectResponse {
  return { answers: [{ callId, error: errorToItem(error) }], members: [] };
}

function noMembers(): MoldauError {
  return new MoldauError('UNKNOWN_METHOD', 'this coordinator hosts no groups', {});
}
