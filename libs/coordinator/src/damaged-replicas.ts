import { damageWrites } from '@moldau/cluster';
import { type BrokerId, type Logger, MoldauError } from '@moldau/kernel';
import type { BrokerHeartbeat } from '@moldau/protocol';
import type { BrokerSession } from './broker-session.ts';
import { type FencedWriter, inBatches, WRITES_PER_ROUND_MAX } from './fenced-writer.ts';
import { parseReplicaReport } from './handlers/replica-report.ts';

/**
 * Takes the right to lead from replicas that a running broker has found to be damaged. The broker names them until the metadata
 * shows it, so nothing has to be kept here, and a failure is made good by the next heartbeat.
 */
export class DamagedReplicas {
  readonly #writer: FencedWriter;
  readonly #logger: Logger;
  /** Brokers whose report is being worked on: one at a time. */
  readonly #changing = new Set<BrokerId>();

  constructor(writer: FencedWriter, logger: Logger) {
    this.#writer = writer;
    this.#logger = logger;
  }

  /** @throws MoldauError INVALID_REQUEST when the report is malformed */
  reported({ brokerId, brokerEpoch }: BrokerSession, { damagedReplicas, metadataVersion }: BrokerHeartbeat): void {
    if (damagedReplicas === undefined || this.#changing.has(brokerId)) return;
    const report = parseReplicaReport(damagedReplicas);
    this.#changing.add(brokerId);
    const changed = this.#writer.changeMany((image) => {
      const present = image.brokers.get(brokerId)?.brokerEpoch === brokerEpoch;
      const writes = present ? damageWrites(image, brokerId, report, metadataVersion, WRITES_PER_ROUND_MAX) : [];
      return { batches: inBatches(writes), result: writes.length };
    });
    changed.then(
      ({ result: count }) => {
        this.#changing.delete(brokerId);
        if (count > 0) this.#logger.warn('damaged replicas have lost the right to lead', { brokerId, count });
      },
      (error: unknown) => {
        this.#changing.delete(brokerId);
        this.#logger.warn('damage of replicas could not be recorded', { brokerId, error: MoldauError.from(error).message });
      },
    );
  }
}
