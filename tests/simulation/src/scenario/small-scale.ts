import { SeededRandom } from '@moldau/testkit';

/** How much there is of everything in a small run. */
export interface SmallScale {
  readonly coordinators: number;
  readonly producers: number;
  readonly consumers: number;
  readonly partitions: number;
  /** A broker beside those that hold replicas, to which replicas can be moved. */
  readonly spareBrokers: number;
  readonly loadMs: number;
  readonly records: number;
  readonly burstMax: number;
  readonly checkpointIntervalMs: number;
}

/** One run in so many is large. */
const LARGE_SHARE = 0.05;
/** Not the generator of the rest: what is large or small changes nothing else of the run's. */
const SALT = 0x5ca1e;

/**
 * Most runs are small: as long, with as many records and faults as any, but with less of what is only there more than once. For
 * the time of one large run there are three or four small ones, each with another order of events. Undefined where the run is
 * large: by the seed, or as `wanted` says.
 */
export function drawSmallScale(
  seed: number,
  least: { readonly loadMs: number; readonly records: number },
  large: boolean | undefined,
): SmallScale | undefined {
  const random = new SeededRandom(seed * SALT + 1);
  const drawn = random.chance(LARGE_SHARE);
  if (large ?? drawn) return undefined;
  return {
    coordinators: random.pick([1, 1, 2]),
    producers: random.pick([1, 1, 2]),
    consumers: random.pick([1, 1, 2]),
    partitions: random.pick([1, 1, 2, 2, 3]),
    spareBrokers: random.chance(0.15) ? 1 : 0,
    loadMs: random.between(least.loadMs, least.loadMs + 500),
    records: random.between(least.records, least.records + 20),
    burstMax: random.pick([8, 16, 24]),
    checkpointIntervalMs: random.pick([250, 1_000]),
  };
}
