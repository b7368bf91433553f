import { SeededRandom } from '@moldau/testkit';
import type { PlannedFault } from './fault.ts';

/** Programs of groups and transactions that are at work in a run. */
export interface GroupsPlan {
  /** Members of a group that copy all records, in transactions. */
  readonly copiers: number;
  /** Members of another group, that read and commit. */
  readonly members: number;
  /** Producers of transactions over several partitions. */
  readonly writers: number;
  /** Writers fence each other, as they share one transactional id. */
  readonly sharedId: boolean;
  /** Programs that are killed, and begin another life. */
  readonly kills: readonly PlannedFault[];
}

/** One run in so many. */
const SHARE = 0.05;
const KILLS_MAX = 4;
/** Not the generator of the rest: a plan of groups changes nothing else of the run's. */
const SALT = 0x9e37;

/** Undefined where the seed has none, and `wanted` does not say otherwise. */
export function drawGroupsPlan(seed: number, loadMs: number, wanted: boolean | undefined): GroupsPlan | undefined {
  const random = new SeededRandom(seed * SALT + 1);
  const drawn = random.chance(SHARE);
  if (!(wanted ?? drawn)) return undefined;
  const plan = {
    copiers: random.between(1, 2),
    members: random.between(1, 3),
    writers: random.between(1, 2),
    sharedId: random.chance(0.4),
  };
  const programs = programsOf({ ...plan, kills: [] });
  const kills = Array.from({ length: random.between(1, KILLS_MAX) }, (): PlannedFault => {
    const forMs = random.between(20, 2_500);
    return { atMs: random.between(500, loadMs - 2_000), fault: { kind: 'kill-client', client: random.pick(programs), forMs } };
  });
  return { ...plan, kills };
}

/** Names of the programs' nodes. */
export function programsOf(plan: GroupsPlan | undefined): readonly string[] {
  if (plan === undefined) return [];
  const named = (name: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${name}-${at + 1}`);
  return [...named('copier', plan.copiers), ...named('member', plan.members), ...named('writer', plan.writers)];
}
