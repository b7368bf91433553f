import type { ChaosCluster, ChaosProcess } from '../cluster/chaos-cluster.ts';
import type { Fault } from './fault.ts';

/** The wall clocks of these processes are that many seconds off; the end is another jump, back to the true time. */
export function clockJump(cluster: ChaosCluster, targets: readonly ChaosProcess[], seconds: number): Fault {
  const moveAll = async (by: number): Promise<void> => {
    if (cluster.clocks === undefined) throw new Error('the clocks of this cluster can’t be moved');
    for (const { name } of targets) cluster.clocks.move(name, by);
  };
  return {
    name: 'clock-jump',
    targets: targets.map(({ name }) => name),
    begin: () => moveAll(seconds),
    end: () => moveAll(0),
  };
}
