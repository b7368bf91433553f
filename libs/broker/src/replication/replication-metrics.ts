import type { Counter, ErrorName, Labelled, Meter } from '@moldau/kernel';
import type { ReplicationAlarm } from './follower-alarms.ts';

/** What replication counts, on both sides. */
export class ReplicationMetrics {
  readonly bytesOut: Counter;
  readonly bytesIn: Counter;
  readonly isrShrinks: Counter;
  readonly isrExpands: Counter;
  readonly refusedBatches: Counter;
  readonly truncations: Counter;
  readonly streamBreaks: Counter;
  readonly #errors: Labelled<Counter>;
  readonly #alarms: Labelled<Counter>;

  constructor(meter: Meter) {
    const counter = (name: string, help: string): Counter => meter.counter({ name, help }).with();
    this.bytesOut = counter('moldau_replication_sent_bytes_total', 'Bytes of batches sent to followers.');
    this.bytesIn = counter('moldau_replication_received_bytes_total', 'Bytes of batches received from leaders.');
    this.isrShrinks = counter('moldau_isr_shrinks_total', 'ISR changes proposed by this leader and taken that removed replicas.');
    this.isrExpands = counter('moldau_isr_expands_total', 'ISR changes proposed by this leader and taken that added replicas.');
    this.refusedBatches = counter('moldau_replication_refused_batches_total', "Leaders' messages refused for damage, and asked for again.");
    this.truncations = counter('moldau_replication_truncations_total', 'Logs cut where they parted from their leaders.');
    this.streamBreaks = counter('moldau_replication_stream_breaks_total', 'Streams to leaders that ended, and were opened again.');
    this.#errors = meter.counter({
      name: 'moldau_replication_partition_errors_total',
      help: 'Partitions that a leader could not send, by error.',
      labels: ['reason'],
    });
    this.#alarms = meter.counter({
      name: 'moldau_replication_alarms_total',
      help: 'Logs that part from their leaders where they must not, by kind.',
      labels: ['kind'],
    });
  }

  /** An operator must hear of it. */
  alarmed(kind: ReplicationAlarm): void {
    this.#alarms.with(kind).add(1);
  }

  failed(reason: ErrorName): void {
    this.#errors.with(reason).add(1);
  }
}
