import type { Counter, Meter } from '@moldau/kernel';
import type { MarkerVerdict } from './marker-task.ts';

/** What the metrics read. */
export interface TransactionSources {
  ids(): number;
  ongoing(): number;
  prepared(): number;
  undelivered(): number;
}

export interface TransactionMetrics {
  readonly timeouts: Counter;
  markers(verdict: MarkerVerdict): Counter;
}

export function createTransactionMetrics(meter: Meter, sources: TransactionSources): TransactionMetrics {
  const gauge = (name: string, help: string, read: () => number): void => meter.gauge({ name, help }).with().observe(read);
  gauge('moldau_coordinator_transactional_ids', 'Transactional ids of the shards that this coordinator owns.', sources.ids);
  gauge('moldau_coordinator_transactions_ongoing', 'Transactions under way in those shards.', sources.ongoing);
  gauge('moldau_coordinator_transactions_prepared', 'Transactions decided whose markers are on their way.', sources.prepared);
  gauge(
    'moldau_coordinator_markers_undelivered',
    'Markers that could not be delivered and are about to be sent again.',
    sources.undelivered,
  );
  const sent = meter.counter({
    name: 'moldau_coordinator_markers_total',
    help: 'Markers that were answered, or failed, by what came of them.',
    labels: ['result'],
  });
  const markers = { confirmed: sent.with('confirmed'), again: sent.with('again'), fenced: sent.with('fenced') };
  return {
    timeouts: meter
      .counter({ name: 'moldau_coordinator_transaction_timeouts_total', help: 'Transactions aborted by their timeout.' })
      .with(),
    markers: (verdict) => markers[verdict],
  };
}
