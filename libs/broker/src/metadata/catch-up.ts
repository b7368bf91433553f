import type { MetadataImage } from '@moldau/cluster';
import type { Clock } from '@moldau/kernel';
import type { DeadlineWheel } from '../limits/deadline-wheel.ts';
import type { RequestContext } from '../request/request-context.ts';
import type { ClusterState } from './cluster-state.ts';

/** Time kept for the answer itself when an operation was done but this broker has not seen it before the deadline. */
const ANSWER_MS = 100;

export interface CatchUpDeps {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly cluster: ClusterState;
  /** Settles once the broker's partitions are as that metadata version says. */
  readonly settledAt: (version: number) => Promise<void>;
}

/** Lets an answer wait until this broker itself shows what the controller has done: who writes here reads his write here. */
export class CatchUp {
  readonly #deps: CatchUpDeps;

  constructor(deps: CatchUpDeps) {
    this.#deps = deps;
  }

  /** Settles when the image is as `holds` says and the partitions here follow it, or shortly before the call's deadline. */
  async wait(context: RequestContext, holds: (image: MetadataImage) => boolean): Promise<void> {
    const { clock, wheel, cluster, settledAt } = this.#deps;
    const ended = new AbortController();
    const leftMs = (context.deadlineMs ?? clock.monotonicMs()) - clock.monotonicMs() - ANSWER_MS;
    const deadline = wheel.after(Math.max(0, leftMs), () => ended.abort());
    try {
      if (!(await cluster.untilOr(holds, ended.signal))) return;
      const late = new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve(), { once: true }));
      await Promise.race([settledAt(cluster.version), late]);
    } finally {
      deadline.cancel();
    }
  }
}
