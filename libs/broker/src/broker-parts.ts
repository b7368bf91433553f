import { FetchMetrics } from './fetch/fetch-metrics.ts';
import { Peers } from './gateway/peers.ts';
import { ByteBudget } from './limits/byte-budget.ts';
import { ConcurrencyLimit } from './limits/concurrency-limit.ts';
import { DeadlineWheel } from './limits/deadline-wheel.ts';
import { Slots } from './limits/slots.ts';
import { TurnShare } from './limits/turn-share.ts';
import { ClusterState } from './metadata/cluster-state.ts';
import type { BrokerDeps, BrokerSettings } from './options.ts';
import { AckSweep } from './partition/ack-sweep.ts';
import { PartitionLocator } from './partition/partition-locator.ts';
import { PartitionTable } from './partition/partition-table.ts';
import { TopicSettingsCache } from './partition/topic-settings.ts';
import { ProduceIntake } from './produce/produce-intake.ts';
import { ProduceMetrics } from './produce/produce-metrics.ts';
import { ReplicationMetrics } from './replication/replication-metrics.ts';
import { RequestMetrics } from './request/request-metrics.ts';
import { StreamRegistry } from './request/stream-registry.ts';

/** Messages of Gateway readers that are decoded at once: each may decompress a batch to 32 MiB. */
const DECODING_AT_ONCE = 2;

/** What handlers share: made once per broker, before it starts. */
export interface BrokerParts {
  readonly deps: BrokerDeps;
  readonly settings: BrokerSettings;
  readonly wheel: DeadlineWheel;
  readonly cluster: ClusterState;
  readonly topicSettings: TopicSettingsCache;
  readonly table: PartitionTable;
  readonly locator: PartitionLocator;
  readonly ackSweep: AckSweep;
  readonly intake: ProduceIntake;
  readonly produceBudget: ByteBudget;
  readonly fetchBudget: ByteBudget;
  readonly replicationBudget: ByteBudget;
  readonly produceShare: TurnShare;
  readonly fetchShare: TurnShare;
  readonly replicationShare: TurnShare;
  readonly fetchMetrics: FetchMetrics;
  readonly replicationMetrics: ReplicationMetrics;
  readonly requestMetrics: RequestMetrics;
  readonly requests: ConcurrencyLimit;
  readonly streamLimit: ConcurrencyLimit;
  readonly streams: StreamRegistry;
  /** Those of followers: they end last, because what is unanswered needs them. */
  readonly replicaStreams: StreamRegistry;
  readonly decoding: Slots;
  readonly peers: Peers;
}

export function createParts(deps: BrokerDeps, settings: BrokerSettings): BrokerParts {
  const wheel = new DeadlineWheel(deps.clock, deps.scheduler);
  const cluster = new ClusterState(deps.scheduler);
  const table = new PartitionTable();
  const locator = new PartitionLocator(table, cluster, settings.brokerId);
  return {
    deps,
    settings,
    wheel,
    cluster,
    topicSettings: new TopicSettingsCache(),
    table,
    locator,
    ackSweep: new AckSweep(deps.clock, wheel),
    intake: new ProduceIntake(deps.clock, locator, new ProduceMetrics(deps.meter)),
    produceBudget: new ByteBudget('produce', settings.produceBudgetBytes),
    fetchBudget: new ByteBudget('fetch', settings.fetchBudgetBytes),
    replicationBudget: new ByteBudget('replication', settings.replicationBudgetBytes),
    produceShare: new TurnShare(deps.scheduler),
    fetchShare: new TurnShare(deps.scheduler),
    replicationShare: new TurnShare(deps.scheduler),
    replicationMetrics: new ReplicationMetrics(deps.meter),
    fetchMetrics: new FetchMetrics(deps.meter),
    requestMetrics: new RequestMetrics(deps.meter),
    requests: new ConcurrencyLimit('requests', settings.requests),
    streamLimit: new ConcurrencyLimit('streams', settings.streams),
    streams: new StreamRegistry(),
    replicaStreams: new StreamRegistry(),
    decoding: new Slots(DECODING_AT_ONCE),
    peers: new Peers(deps.clock, deps.connector, cluster),
  };
}
