import type { Counter, Meter } from '@moldau/kernel';

/** What the connector counts. */
export interface SpoolMetrics {
  readonly records: Counter;
  readonly badLines: Counter;
  readonly finished: Counter;
  readonly spoiled: Counter;
}

export function createSpoolMetrics(meter: Meter, waiting: () => number): SpoolMetrics {
  meter.gauge({ name: 'moldau_connector_spooldir_waiting', help: 'Files that are there and not finished' }).with().observe(waiting);
  return {
    records: meter.counter({ name: 'moldau_connector_spooldir_records_total', help: 'Records made of lines' }).with(),
    badLines: meter.counter({ name: 'moldau_connector_spooldir_bad_lines_total', help: 'Lines that were skipped' }).with(),
    finished: meter.counter({ name: 'moldau_connector_spooldir_finished_total', help: 'Files that were read and archived' }).with(),
    spoiled: meter.counter({ name: 'moldau_connector_spooldir_spoiled_total', help: 'Files moved to the error folder' }).with(),
  };
}
