import type { Mutation } from '../mutation/mutation.ts';
import type { ScenarioOptions } from '../scenario/scenario.ts';

/** What the runs that look for a planted bug fix: one replica where it says nothing else. */
export function scenarioOf({ scenario }: Mutation): ScenarioOptions {
  return { factor: 1, groups: false, ...scenario };
}
