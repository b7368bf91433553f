import type { Namespace } from '@moldau/kernel';
import type { Controller } from '../controller.ts';
import type { ImageKeeper } from '../image-keeper.ts';
import type { CoordinatorDeps, CoordinatorSettings } from '../options.ts';

/** What every admin handler works with: who asks, and the active controller. */
export interface RequestContext {
  readonly principal: string;
  readonly namespace: Namespace;
  /** Listener the client came in on: answers name its endpoints. */
  readonly listener: string;
  /** Milliseconds left for the call. */
  readonly timeoutMs: number;
  readonly controller: Controller;
  readonly keeper: ImageKeeper;
  readonly deps: CoordinatorDeps;
  readonly settings: CoordinatorSettings;
}

/** Items of one request. */
export const ITEMS_MAX = 1_000;
