import { type LeaderEpoch, MoldauError, type Offset } from '@moldau/kernel';
import { producerIdAt } from '@moldau/records';
import { DelegatingLog } from './delegating-logs.ts';

type Listener = Parameters<DelegatingLog['listen']>[0];

/** What is written counts as flushed. */
export class TakesWrittenForFlushed extends DelegatingLog {
  override get flushedEnd(): Offset {
    return this.log.writtenEnd;
  }
}

/** As Kafka before KIP-101: a follower cuts its log to its high watermark, and no epoch is compared with the leader's. */
export class CutsToWatermark extends DelegatingLog {
  #listener: Listener | undefined;

  override get epochs(): [] {
    return [];
  }

  override listen(listener: Listener): void {
    this.#listener = listener;
    this.log.listen(listener);
  }

  /** A follower has heard of a new leader epoch. */
  override forgetEmptyEpoch(): void {
    this.log.forgetEmptyEpoch();
    const { highWatermark: from, endOffset: to } = this.log;
    if (to === from) return;
    const error = new MoldauError('LEADER_CHANGED_AFTER_APPEND', 'cut to the high watermark');
    this.log.truncateTo(from, {}).then(
      () => this.#listener?.({ kind: 'dropped', from, to, error }),
      () => {},
    );
  }
}

/** Batches that a leader did not take itself are not known to it by their producers' sequences. */
export class ForgetsProducers extends DelegatingLog {
  readonly #known = new Set<number>();

  override beginEpoch(epoch: LeaderEpoch): void {
    this.#known.clear();
    this.log.beginEpoch(epoch);
  }

  override checkProducer(batch: Uint8Array): ReturnType<DelegatingLog['checkProducer']> {
    const producerId = producerIdAt(batch, 0);
    if (this.#known.has(producerId)) return this.log.checkProducer(batch);
    this.#known.add(producerId);
    return { kind: 'accept' };
  }
}
