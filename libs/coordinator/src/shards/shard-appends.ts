import { type Channel, composedBytes, MoldauError, type Scheduler, type Timer } from '@moldau/kernel';
import {
  type AppendToShardRequest,
  type AppendToShardResponse,
  AppendToShardsRequest,
  type ClientCall,
  encodeMessage,
  itemToError,
  openStream,
  partitionService,
  type ShardAppendAnswer,
} from '@moldau/protocol';
import { FrameQueue } from '@moldau/shards';

/** A broker that has not taken so many bytes is paused or cut off: what was sent again and again in vain goes with the stream. */
const UNSENT_BYTES_MAX = 16 * 1024 * 1024;

/** What becomes of an append. */
interface Waiting {
  readonly timer: Timer;
  readonly resolve: (appended: AppendToShardResponse) => void;
  readonly reject: (error: MoldauError) => void;
}

/** The appends of all shards of this coordinator, those to one broker over one stream: a call of its own for each costs far more. */
export class ShardAppends {
  readonly #scheduler: Scheduler;
  readonly #streams = new WeakMap<Channel, AppendStream>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /**
   * Sends it over the stream to that broker, and answers as the broker does. A channel that is closed ends its stream.
   *
   * @throws MoldauError those of `AppendToShard`; REQUEST_TIMED_OUT also when the stream broke: it may be there
   */
  append(channel: Channel, request: AppendToShardRequest, timeoutMs: number): Promise<AppendToShardResponse> {
    let stream = this.#streams.get(channel);
    if (stream === undefined) this.#streams.set(channel, (stream = new AppendStream(channel, this.#scheduler)));
    return stream.append(request, timeoutMs);
  }
}

/** The stream to one broker, opened when something is to be sent and none is open. */
class AppendStream {
  readonly #channel: Channel;
  readonly #scheduler: Scheduler;
  readonly #frames: FrameQueue;
  readonly #waiting = new Map<number, Waiting>();
  #call: ClientCall<AppendToShardsRequest> | undefined;
  #lastId = 0;

  constructor(channel: Channel, scheduler: Scheduler) {
    this.#channel = channel;
    this.#scheduler = scheduler;
    this.#frames = new FrameQueue(scheduler, (message) => this.#call?.sendEncoded(composedBytes(message)) ?? true);
  }

  append(append: AppendToShardRequest, timeoutMs: number): Promise<AppendToShardResponse> {
    if (this.#frames.bytes >= UNSENT_BYTES_MAX) this.#reset();
    this.#open();
    this.#lastId += 1;
    const appendId = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<AppendToShardResponse>();
    const timer = this.#scheduler.after(timeoutMs, () => {
      this.#waiting.delete(appendId);
      reject(unanswered(`within ${timeoutMs} ms`));
    });
    this.#waiting.set(appendId, { timer, resolve, reject });
    this.#frames.push(encodeMessage(AppendToShardsRequest, { appends: [{ appendId, append, timeoutMs: Math.ceil(timeoutMs) }] }));
    return promise;
  }

  #open(): void {
    if (this.#call !== undefined) return;
    const call = openStream(
      this.#channel,
      partitionService.appendToShards,
      {},
      {
        message: ({ answers }) => {
          for (const answer of answers) this.#answered(answer);
        },
        drained: () => {
          if (this.#call === call) this.#frames.drained();
        },
        closed: (error) => {
          if (this.#call === call) this.#broken(error);
        },
      },
    );
    this.#call = call;
    this.#frames.drained();
  }

  #answered({ appendId, error, appended }: ShardAppendAnswer): void {
    const waiting = this.#waiting.get(appendId);
    if (waiting === undefined) return;
    this.#waiting.delete(appendId);
    waiting.timer.cancel();
    if (appended !== undefined) waiting.resolve(appended);
    else waiting.reject(error === undefined ? unanswered('with anything') : itemToError(error));
  }

  #reset(): void {
    const call = this.#call;
    this.#broken(undefined);
    call?.cancel();
  }

  /** A stream that could not be opened surely carried nothing; what else broke it leaves it open. */
  #broken(error: MoldauError | undefined): void {
    this.#call = undefined;
    this.#frames.clear();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    const why =
      error?.reason === 'SERVER_UNREACHABLE' ? error : unanswered(`before the stream ended: ${error?.message ?? 'without an error'}`);
    for (const { timer, reject } of waiting) {
      timer.cancel();
      reject(why);
    }
  }
}

function unanswered(how: string): MoldauError {
  return new MoldauError('REQUEST_TIMED_OUT', `the leader of the shard's partition has not answered ${how}`, {});
}
