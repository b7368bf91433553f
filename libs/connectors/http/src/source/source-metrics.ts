import type { Counter, Meter } from '@moldau/kernel';

/** What the webhook source counts. */
export interface SourceMetrics {
  readonly records: Counter;
  readonly requests: ReturnType<Meter['counter']>;
}

export function createSourceMetrics(meter: Meter, queued: () => number): SourceMetrics {
  meter.gauge({ name: 'moldau_connector_http_queued', help: 'Records that wait to be written' }).with().observe(queued);
  return {
    records: meter.counter({ name: 'moldau_connector_http_received_total', help: 'Records that were received and written' }).with(),
    requests: meter.counter({
      name: 'moldau_connector_http_requests_total',
      help: 'Requests that were answered, by status',
      labels: ['status'],
    }),
  };
}
