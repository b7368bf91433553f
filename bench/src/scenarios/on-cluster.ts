import { whyNoEtcd } from '@moldau/cluster-etcd/testing';
import { type Cluster, startCluster } from '@moldau/harness';
import type { Figure } from '../report/figure.ts';
import type { BenchContext, Scenario } from './scenario.ts';

/** Runs a scenario on a new cluster of three brokers, two coordinators unless told otherwise, and an etcd, each a process of this machine. */
export function onCluster(
  run: (context: BenchContext, cluster: Cluster) => Promise<readonly Figure[]>,
  size: { readonly coordinators?: number } = {},
): Scenario['run'] {
  return async (context) => {
    const notRun = await whyNoEtcd();
    if (notRun !== undefined) return { notRun };
    await using cluster = await startCluster(size);
    return await run(context, cluster);
  };
}
