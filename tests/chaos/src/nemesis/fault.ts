import type { OpRecorder } from '@moldau/harness';
import type { ChaosProcess } from '../cluster/chaos-cluster.ts';

/** Something that is done to a cluster, and undone. */
export interface Fault {
  readonly name: string;
  /** Names of what it is done to. */
  readonly targets: readonly string[];
  begin(): Promise<void>;
  end(): Promise<void>;
}

type Deed = (process: ChaosProcess) => Promise<void> | void;

/** kill -9; ends with a restart. */
export function killed(processes: readonly ChaosProcess[]): Fault {
  return done('kill', processes, [(each) => each.kill(), (each) => each.restart()]);
}

/** SIGTERM, which must be obeyed; ends with a restart. */
export function stopped(processes: readonly ChaosProcess[]): Fault {
  return done('stop', processes, [(each) => each.stop(), (each) => each.restart()]);
}

/** SIGSTOP, as a machine that hangs; ends with SIGCONT. */
export function paused(processes: readonly ChaosProcess[]): Fault {
  return done('pause', processes, [(each) => each.pause(), (each) => each.resume()]);
}

/** Several at once; they end in the reverse order. */
export function together(...faults: readonly Fault[]): Fault {
  return {
    name: faults.map(({ name }) => name).join('+'),
    targets: [...new Set(faults.flatMap(({ targets }) => targets))],
    async begin(): Promise<void> {
      for (const fault of faults) await fault.begin();
    },
    async end(): Promise<void> {
      for (const fault of faults.toReversed()) await fault.end();
    },
  };
}

/** Has the fault while something else goes on. It ends in any case, and both are in the history. */
export async function during<Result>(recorder: OpRecorder, fault: Fault, work: () => Promise<Result>): Promise<Result> {
  recorder.nemesis(fault.name, 'begin', fault.targets);
  try {
    await fault.begin();
    return await work();
  } finally {
    await fault.end();
    recorder.nemesis(fault.name, 'end', fault.targets);
  }
}

function done(name: string, processes: readonly ChaosProcess[], [begin, end]: readonly [Deed, Deed]): Fault {
  const all = async (deed: Deed): Promise<void> => void (await Promise.all(processes.map(async (each) => deed(each))));
  return { name, targets: processes.map((each) => each.name), begin: () => all(begin), end: () => all(end) };
}
