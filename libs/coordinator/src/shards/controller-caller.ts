import type { MetadataImage } from '@moldau/cluster';
import { type Channel, type Clock, type Connector, MoldauError, type Scheduler } from '@moldau/kernel';
import { callUnary, type Method } from '@moldau/protocol';
import type { ControllerCalls } from './shard-kind.ts';

export interface ControllerCallerDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly connector: Connector;
  image(): MetadataImage;
}

/** Errors that say for certain that nothing was done and that another attempt may find the controller. */
const TRY_AGAIN = new Set(['NOT_CONTROLLER', 'COORDINATOR_NOT_AVAILABLE', 'SERVER_UNREACHABLE']);
/** An election takes some hundred milliseconds at best. */
const PAUSE_MS = 100;

/** Calls the controller that the metadata names, this instance too: by its address, as all others do. */
export class ControllerCaller implements ControllerCalls {
  readonly #deps: ControllerCallerDeps;
  #to: { readonly address: string; readonly channel: Channel } | undefined;

  constructor(deps: ControllerCallerDeps) {
    this.#deps = deps;
  }

  async call<Request, Response>(method: Method<Request, Response>, request: Request, timeoutMs: number): Promise<Response> {
    const { clock, scheduler, image } = this.#deps;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    for (;;) {
      const leftMs = deadlineMs - clock.monotonicMs();
      if (leftMs <= 0) throw new MoldauError('COORDINATOR_NOT_AVAILABLE', 'no controller answered before the deadline', {});
      const address = image().controller?.address;
      if (address !== undefined) {
        try {
          return await callUnary(this.#channel(address), method, request, { timeoutMs: leftMs });
        } catch (caught) {
          const error = MoldauError.from(caught);
          if (!TRY_AGAIN.has(error.reason)) throw error;
        }
      }
      await new Promise<void>((resolve) => void scheduler.after(Math.min(PAUSE_MS, leftMs), resolve));
    }
  }

  close(): void {
    this.#to?.channel.close();
    this.#to = undefined;
  }

  #channel(address: string): Channel {
    if (this.#to?.address === address) return this.#to.channel;
    this.#to?.channel.close();
    const channel = this.#deps.connector.connect(address);
    this.#to = { address, channel };
    return channel;
  }
}
