import type { Finding } from '../check/findings.ts';
import type { Mutation } from '../mutation/mutation.ts';
import { type RunResult, runSeed } from './run-seed.ts';

/** The first run that finds the bug when it is switched on; undefined when none of so many seeds does. */
export async function findMutation(mutation: Mutation, from: number, seeds: number): Promise<RunResult | undefined> {
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await runSeed(seed, { mutation });
    if (shows(mutation, result)) return result;
  }
  return undefined;
}

/** Whether what the run found is the bug's doing. */
export function shows(mutation: Mutation, { findings }: RunResult): boolean {
  return findings.some((finding) => showsIn(mutation, finding));
}

export function showsIn({ findings: names }: Mutation, { name }: Finding): boolean {
  return names === undefined || names.includes(name);
}
