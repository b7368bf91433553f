import type { Counter, Meter } from '@moldau/kernel';

/** What the syslog source counts. */
export interface SyslogMetrics {
  readonly udp: Counter;
  readonly tcp: Counter;
  readonly dropped: Counter;
  readonly truncated: Counter;
  readonly unknown: Counter;
}

export function createSyslogMetrics(
  meter: Meter,
  gauges: { readonly queued: () => number; readonly connections: () => number },
): SyslogMetrics {
  const received = meter.counter({ name: 'moldau_connector_syslog_messages_total', help: 'Messages that came', labels: ['protocol'] });
  const counter = (name: string, help: string): Counter => meter.counter({ name: `moldau_connector_syslog_${name}`, help }).with();
  const gauge = (name: string, help: string, read: () => number): void =>
    meter
      .gauge({ name: `moldau_connector_syslog_${name}`, help })
      .with()
      .observe(read);
  gauge('queued', 'Messages that wait to be written', gauges.queued);
  gauge('connections', 'Open TCP connections', gauges.connections);
  return {
    udp: received.with('udp'),
    tcp: received.with('tcp'),
    dropped: counter('dropped_total', 'Datagrams dropped as the queue was full, and messages that waited when the task ended'),
    truncated: counter('truncated_total', 'Messages whose end was cut off'),
    unknown: counter('unknown_total', 'Messages of no known format, kept whole'),
  };
}
