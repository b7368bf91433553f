import { type Clock, MoldauError, type Random, type Scheduler } from '@moldau/kernel';
import { callUnary, type Method } from '@moldau/protocol';
import { BackOff } from './back-off.ts';
import type { CoordinatorDirectory } from './coordinator-directory.ts';

export interface ControllerClientDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly coordinators: CoordinatorDirectory;
  /** Where the session found the controller; undefined while it has none. */
  readonly controllerAddress: () => string | undefined;
}

/** Errors that say for certain that nothing was done and that another attempt may find the controller. */
const TRY_AGAIN = new Set(['NOT_CONTROLLER', 'COORDINATOR_NOT_AVAILABLE', 'SERVER_UNREACHABLE']);

/** Unary calls to the controller, tried again within their deadline while nobody has taken them. */
export class ControllerClient {
  readonly #deps: ControllerClientDeps;

  constructor(deps: ControllerClientDeps) {
    this.#deps = deps;
  }

  /**
   * Calls the controller; `deadlineMs` is monotonic time.
   *
   * @throws MoldauError COORDINATOR_NOT_AVAILABLE when no controller was found in time, and what the call itself throws
   */
  async call<Request, Response>(method: Method<Request, Response>, request: Request, deadlineMs: number): Promise<Response> {
    const backOff = new BackOff(this.#deps.random);
    let hint: string | undefined;
    for (;;) {
      const leftMs = deadlineMs - this.#deps.clock.monotonicMs();
      const address = hint ?? this.#deps.controllerAddress();
      hint = undefined;
      if (leftMs <= 0) throw notAvailable();
      if (address !== undefined) {
        try {
          return await callUnary(this.#deps.coordinators.channel(address), method, request, { timeoutMs: leftMs });
        } catch (caught) {
          const error = MoldauError.from(caught);
          if (!TRY_AGAIN.has(error.reason)) throw error;
          hint = error.facts['controller_address'];
        }
      }
      await this.#pause(Math.min(backOff.next(), Math.max(0, deadlineMs - this.#deps.clock.monotonicMs())));
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.scheduler.after(delayMs, resolve);
    });
  }
}

function notAvailable(): MoldauError {
  return new MoldauError('COORDINATOR_NOT_AVAILABLE', 'no controller answered before the deadline', {});
}
