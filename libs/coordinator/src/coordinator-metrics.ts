import type { Counter, Meter } from '@moldau/kernel';

/** What the metrics read. */
export interface MetricSources {
  isController(): boolean;
  metadataVersion(): number;
  brokerSessions(): number;
  fencedBrokers(): number;
  slowBrokers(): number;
  topics(): number;
  leaderlessPartitions(): number;
  metadataStreams(): number;
  fresh(): boolean;
}

export interface CoordinatorMetrics {
  readonly elections: Counter;
  readonly conflicts: Counter;
  readonly fencings: Counter;
}

export function createCoordinatorMetrics(meter: Meter, sources: MetricSources): CoordinatorMetrics {
  const gauge = (name: string, help: string, read: () => number): void => meter.gauge({ name, help }).with().observe(read);
  const counter = (name: string, help: string): Counter => meter.counter({ name, help }).with();
  gauge('moldau_coordinator_active_controller', '1 while this coordinator is the controller.', () => Number(sources.isController()));
  gauge('moldau_coordinator_metadata_version', 'Version of the metadata that this coordinator has.', sources.metadataVersion);
  gauge('moldau_coordinator_metadata_fresh', '1 while the metadata store was heard of lately.', () => Number(sources.fresh()));
  gauge('moldau_coordinator_broker_sessions', 'Brokers with a session at this controller.', sources.brokerSessions);
  gauge('moldau_coordinator_fenced_brokers', 'Registered brokers that do not serve.', sources.fencedBrokers);
  gauge('moldau_coordinator_slow_brokers', 'Brokers whose disks are slow: others lead in their place.', sources.slowBrokers);
  gauge('moldau_coordinator_topics', 'Topics of all namespaces.', sources.topics);
  gauge(
    'moldau_coordinator_leaderless_partitions',
    'Partitions of all topics that nobody leads: they take and serve nothing.',
    sources.leaderlessPartitions,
  );
  gauge('moldau_coordinator_metadata_streams', 'Metadata streams open to brokers.', sources.metadataStreams);
  return {
    elections: counter('moldau_coordinator_elections_won_total', 'Times this coordinator became the controller.'),
    conflicts: counter('moldau_coordinator_write_conflicts_total', 'Decisions made again because the metadata had changed.'),
    fencings: counter('moldau_coordinator_broker_fencings_total', 'Brokers fenced because their session was over.'),
  };
}
