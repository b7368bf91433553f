import { onCluster } from './on-cluster.ts';
import type { Scenario } from './scenario.ts';
import { steadyLatency } from './steady-latency.ts';

/** The same as `latency`, through three replicas. */
export const clusterLatency: Scenario = {
  name: 'cluster-latency',
  description: 'milliseconds from send to receipt at 1,000 records/s, through three replicas',
  kafkaBrokers: 3,
  run: onCluster((context, { bootstrap }) =>
    steadyLatency(context, {
      bootstrap,
      group: 'End to end at 1,000 records/s, 3 replicas, min.insync.replicas=2, acks=all',
      // Some milliseconds for each.
      kafkaRecords: 5_000,
      p99Goal: { async: { kind: 'ratio at most', value: 1 }, sync: { kind: 'at most', value: 15 } },
    }),
  ),
};
