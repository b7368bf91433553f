import { onCluster } from './on-cluster.ts';
import type { Scenario } from './scenario.ts';
import { type ProduceCase, warmProduce } from './warm-produce.ts';

const GROUP = 'Produce to three brokers, warm clients, 6 partitions, 3 replicas, min.insync.replicas=2, acks=all';
const CASES: readonly ProduceCase[] = [
  { size: 100, records: 2_000_000, kafkaRecords: 300_000, goal: { async: 2, sync: 1.5 } },
  { size: 1024, records: 300_000, kafkaRecords: 60_000, goal: { async: 2, sync: 1.5 } },
];

/** The same as `produce`, with every record on three brokers before it is acknowledged. */
export const clusterProduce: Scenario = {
  name: 'cluster-produce',
  description: 'records per second of one warm producer to three replicas, side by side with a warm Kafka client',
  kafkaBrokers: 3,
  run: onCluster((context, { bootstrap }) => warmProduce(context, bootstrap, GROUP, CASES)),
};
