import { DEFAULT_NAMESPACE, partitionIndex, producerEpoch, producerId, topicId } from '@moldau/kernel';
import type { Participants } from '../participants.ts';
import type { ProducerSession } from '../producer-session.ts';
import type { Result } from '../result.ts';
import type { TransactionName } from '../transaction-entry.ts';
import { decodeTransactionRecord, encodeTransactionRecord } from '../transaction-record.ts';
import { TransactionShard } from '../transaction-shard.ts';

export const NAME: TransactionName = { namespace: DEFAULT_NAMESPACE, transactionalId: 'copier' };
export const TOPIC = topicId('00000000-0000-4000-8000-000000000001');

/** A shard whose records are committed at once, each by way of its bytes. */
export class ShardRig {
  #lastProducerId = 0;
  nowMs = 1_000_000;
  readonly shard = new TransactionShard({ ids: { take: () => producerId((this.#lastProducerId += 1)) } });

  /** Runs an operation to its end; throws its refusal. */
  run<Value>({ records, answer }: Result<Value>): Value {
    for (const record of records) {
      const again = decodeTransactionRecord(encodeTransactionRecord(record));
      this.shard.replay(again);
      this.shard.commit(again);
    }
    if (answer.kind === 'refused') throw answer.error;
    return answer.value;
  }

  init(current?: ProducerSession): ProducerSession {
    const request = { name: NAME, timeoutMs: 60_000, nowMs: this.nowMs };
    return this.run(this.shard.initProducer(current === undefined ? request : { ...request, current }));
  }

  add(session: ProducerSession, participants: Participants = partitionsOf(0)): void {
    this.run(this.shard.addToTransaction({ name: NAME, session, participants, nowMs: this.nowMs }));
  }

  end(session: ProducerSession, outcome: 'commit' | 'abort'): { readonly session: ProducerSession; readonly complete: boolean } {
    return this.run(this.shard.endTransaction({ name: NAME, session, outcome, nowMs: this.nowMs }));
  }

  /** Confirms all markers. */
  complete(): void {
    for (const task of [...this.shard.waitingMarkers()]) {
      this.run(this.shard.confirmMarkers({ ...task, confirmed: task.waiting, nowMs: this.nowMs }));
    }
  }

  get state(): string | undefined {
    return this.shard.find(NAME)?.state.kind;
  }
}

export function partitionsOf(...indexes: readonly number[]): Participants {
  return { partitions: indexes.map((index) => ({ topicId: TOPIC, partition: partitionIndex(index) })), groups: [] };
}

export function sessionOf(id: number, epoch: number): ProducerSession {
  return { producerId: producerId(id), producerEpoch: producerEpoch(epoch) };
}
