import type { Offset } from '@moldau/kernel';
import type { ModelBroker } from './model-broker.ts';
import type { ModelController } from './model-controller.ts';
import { type ModelRecord, sameRecord } from './model-log.ts';

/** What the model found to be wrong. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/**
 * What is committed, as the leaders' high watermarks said, and what must hold of it: nothing committed is lost or altered
 * (NoCommittedRecordLost), nobody shows anything else (ConsistentRead), who leads has all of it (LeaderCompleteness), and so has
 * on disk whoever may lead next (LeaderCandidateCompleteness).
 */
export class ModelOracle {
  readonly #committed: ModelRecord[] = [];

  get committedEnd(): number {
    return this.#committed.length;
  }

  /** A high watermark moved on from `before`. */
  watermark(broker: ModelBroker, before: Offset): void {
    const { log } = broker;
    if (log.highWatermark > log.endOffset) throw new Violation(`broker ${broker.id}: its watermark lies beyond its end`);
    for (let at = before as number; at < log.highWatermark; at++) {
      const record = log.at(at);
      if (record === undefined) continue;
      if (at < this.#committed.length) this.#assertCommitted(broker, at);
      else if (broker.leading === undefined) throw new Violation(`follower ${broker.id} shows offset ${at}, which nobody committed`);
      else if (at > this.#committed.length) throw new Violation(`leader ${broker.id} commits offset ${at} after a gap`);
      else this.#committed.push(record);
    }
  }

  /** A broker begins to lead. */
  leads(broker: ModelBroker): void {
    if (broker.log.endOffset < this.#committed.length) {
      throw new Violation(`broker ${broker.id} leads with ${broker.log.endOffset} of ${this.#committed.length} committed records`);
    }
    this.#assertAll(broker, this.#committed.length);
  }

  /** After each step. */
  check(brokers: readonly ModelBroker[], controller: ModelController, wholly: boolean): void {
    const { isr, elr } = controller.latest.partition;
    for (const broker of brokers) {
      const { log } = broker;
      if (wholly) this.#assertAll(broker, Math.min(log.highWatermark, this.#committed.length));
      if (controller.isLost(broker.id) || !(isr.includes(broker.id) || elr.includes(broker.id))) continue;
      if (log.flushedEnd < this.#committed.length) {
        throw new Violation(
          `broker ${broker.id} may lead and has flushed ${log.flushedEnd} of ${this.#committed.length} committed records`,
        );
      }
      this.#assertAll(broker, this.#committed.length, wholly ? log.startOffset : this.#committed.length - 1);
    }
  }

  /** After healing: everyone has everything. */
  checkHealed(brokers: readonly ModelBroker[], controller: ModelController): void {
    const { partition } = controller.latest;
    const leader = brokers.find(({ leading, id }) => leading !== undefined && id === partition.leader);
    if (leader === undefined) throw new Violation('nobody leads after healing');
    if (partition.isr.length !== partition.replicas.length)
      throw new Violation(`after healing only ${partition.isr.join(', ')} are in sync`);
    // A follower's log may begin later: its start moved while another led, whose news of it never reached this leader.
    const from = Math.max(...brokers.map(({ log }) => log.startOffset));
    for (const { log, id } of brokers) {
      if (log.endOffset !== leader.log.endOffset || log.highWatermark !== leader.log.endOffset) {
        throw new Violation(
          `after healing broker ${id} ends at ${log.endOffset}, watermark ${log.highWatermark}, not at ${leader.log.endOffset}`,
        );
      }
      for (let at = from; at < log.endOffset; at++) {
        if (!sameRecord(log.at(at), leader.log.at(at))) throw new Violation(`after healing broker ${id} differs from the leader at ${at}`);
      }
    }
  }

  #assertAll(broker: ModelBroker, to: number, from: number = broker.log.startOffset): void {
    for (let at = Math.max(from, broker.log.startOffset); at < to; at++) this.#assertCommitted(broker, at);
  }

  #assertCommitted(broker: ModelBroker, at: number): void {
    if (!sameRecord(broker.log.at(at), this.#committed[at])) {
      const has = JSON.stringify(broker.log.at(at));
      throw new Violation(`broker ${broker.id} has ${has} at ${at}, committed is ${JSON.stringify(this.#committed[at])}`);
    }
  }
}
