import type { BrokerParts } from './broker-parts.ts';
import type { LogStore } from './partition/log-store.ts';

/** Gauges that are read when they are scraped. */
export function registerGauges(parts: BrokerParts, logs: LogStore, isFenced: () => boolean): void {
  const { table, produceBudget, fetchBudget, replicationBudget, streams, cluster, wheel } = parts;
  const gauge = (name: string, help: string, read: () => number): void => {
    parts.deps.meter.gauge({ name, help }).with().observe(read);
  };
  gauge('moldau_broker_partitions', 'Partitions with a replica here.', () => table.size);
  gauge('moldau_broker_leading_partitions', 'Partitions that this broker leads.', () => countOf(table, 'leading'));
  gauge('moldau_broker_offline_partitions', 'Partitions whose log is damaged or whose directory failed.', () => countOf(table, 'offline'));
  gauge('moldau_broker_log_bytes', 'Bytes of all logs.', () => logs.storedBytes);
  gauge('moldau_broker_metadata_version', 'Version of the metadata this broker shows.', () => cluster.version);
  gauge('moldau_broker_fenced', '1 while the controller keeps this broker from serving.', () => (isFenced() ? 1 : 0));
  gauge('moldau_broker_open_streams', 'Long streams that are open.', () => streams.size);
  gauge('moldau_broker_deadlines', 'Waits with a deadline.', () => wheel.size);
  const used = parts.deps.meter.gauge({ name: 'moldau_budget_used_bytes', help: 'Bytes held of each byte budget.', labels: ['budget'] });
  const limit = parts.deps.meter.gauge({ name: 'moldau_budget_limit_bytes', help: 'Size of each byte budget.', labels: ['budget'] });
  for (const budget of [produceBudget, fetchBudget, replicationBudget]) {
    used.with(budget.name).observe(() => budget.usedBytes);
    limit.with(budget.name).observe(() => budget.limitBytes);
  }
}

function countOf(table: BrokerParts['table'], kind: 'leading' | 'offline'): number {
  let count = 0;
  for (const partition of table) if (partition.kind === kind) count += 1;
  return count;
}
