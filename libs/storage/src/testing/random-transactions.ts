import type { Offset } from '@moldau/kernel';
import { baseOffsetAt } from '@moldau/records';
import { SeededRandom } from '@moldau/testkit';
import { expect } from 'vitest';
import type { LogDirectory } from '../log-directory.ts';
import type { PartitionLog } from '../partition-log.ts';
import { EPOCH, makeBatch, partitionOf, StorageRig } from './storage-rig.ts';
import { aborted, abortedOf, stableOffsetOf, transactionsIn } from './transaction-oracle.ts';

/** Random writers, markers, rolls, truncations, stops of all kinds; the log's batches say what must be known after each. */
export class RandomTransactions {
  readonly #random: SeededRandom;
  readonly #rig: StorageRig;
  #directory: LogDirectory | undefined;
  #log: PartitionLog | undefined;
  /** The highest high watermark that was: what it passed stays decided, also when a stop forgets how far it was. */
  #committed = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#rig = new StorageRig(seed);
  }

  async run(steps: number): Promise<void> {
    this.#directory = await this.#rig.open();
    await this.#rig.create(this.#directory, 0, { segmentBytes: 2000 });
    this.#log = partitionOf(this.#directory);
    for (let step = 0; step < steps; step++) {
      await this.#step(this.#log);
      if (step % 10 === 9) await this.#check(this.#log);
    }
    await this.#check(this.#log);
  }

  async #step(log: PartitionLog): Promise<void> {
    const dice = this.#random.below(100);
    if (dice < 45) this.#write(log);
    else if (dice < 75) this.#end(log);
    else if (dice < 80) log.roll();
    else if (dice < 90) await this.#commit(log);
    else if (dice < 94) await this.#truncate(log);
    else await this.#restart(dice);
  }

  /** As the log has it: after a stop a writer goes on in the epoch that it finds. */
  #sessionOf(log: PartitionLog, producerId: number): { readonly epoch: number; readonly sequence: number } {
    const open = log.openTransactions().find((each) => each.producerId === producerId);
    if (open === undefined) return { epoch: this.#nextEpoch(log, producerId), sequence: 0 };
    return { epoch: open.producerEpoch, sequence: -1 };
  }

  #nextEpoch(log: PartitionLog, producerId: number): number {
    for (let epoch = 0; ; epoch++) {
      try {
        const question = log.askVerification(producerId, epoch);
        if (question !== undefined) log.confirmVerification(question);
        log.checkProducer({ producerId, producerEpoch: epoch, baseSequence: 0, lastOffsetDelta: 0, transactional: true });
        return epoch;
      } catch {
        if (epoch > 32_000) throw new Error('no epoch');
      }
    }
  }

  #write(log: PartitionLog): void {
    const producerId = 1 + this.#random.below(4);
    const { epoch: producerEpoch, sequence } = this.#sessionOf(log, producerId);
    if (this.#random.below(5) === 0) log.append(makeBatch(2), { leaderEpoch: EPOCH });
    // Sequences are another spec's matter: the storage takes what was checked.
    const baseSequence = Math.max(0, sequence);
    log.append(makeBatch(1 + this.#random.below(3), { producerId, producerEpoch, baseSequence, transactional: true }), {
      leaderEpoch: EPOCH,
    });
  }

  #end(log: PartitionLog): void {
    const open = log.openTransactions();
    const one = open[this.#random.below(Math.max(1, open.length))];
    if (one === undefined) return;
    const outcome = this.#random.below(2) === 0 ? 'abort' : 'commit';
    const marker = { producerId: one.producerId, producerEpoch: one.producerEpoch + 1, outcome, coordinatorEpoch: 1 } as const;
    log.appendMarker(marker, { leaderEpoch: EPOCH });
  }

  async #commit(log: PartitionLog): Promise<void> {
    await this.#rig.idle();
    log.advanceHighWatermark((log.highWatermark + this.#random.below(log.flushedEnd - log.highWatermark + 1)) as Offset);
    this.#committed = Math.max(this.#committed, log.highWatermark);
  }

  async #truncate(log: PartitionLog): Promise<void> {
    const batches = await this.#rig.readAll(log, log.highWatermark);
    const at = batches[this.#random.below(Math.max(1, batches.length))];
    if (at === undefined) return;
    const offset = baseOffsetAt(at, 0);
    if (offset < log.highWatermark) return;
    await this.#rig.until(log.truncateTo(offset));
    this.#committed = Math.min(this.#committed, offset);
  }

  async #restart(dice: number): Promise<void> {
    if (dice < 96 && this.#directory !== undefined) await this.#rig.until(this.#directory.close());
    if (dice < 98) this.#rig.crash();
    else this.#rig.kill();
    this.#directory = await this.#rig.open();
    this.#log = partitionOf(this.#directory);
  }

  async #check(log: PartitionLog): Promise<void> {
    const batches = await this.#rig.readAll(log);
    const told = transactionsIn(batches);
    const open = told.filter(({ end: ended }) => ended === undefined).map(({ producerId, firstOffset }) => `${producerId}: ${firstOffset}`);
    expect(
      log
        .openTransactions()
        .map(({ producerId, firstOffset }) => `${producerId}: ${firstOffset}`)
        .sort(),
    ).toEqual(open.sort());
    this.#committed = Math.min(this.#committed, log.endOffset);
    expect(log.lastStableOffset).toBeGreaterThanOrEqual(stableOffsetOf(told, log.highWatermark));
    expect(log.lastStableOffset).toBeLessThanOrEqual(Math.min(log.highWatermark, stableOffsetOf(told, this.#committed)));
    for (let look = 0; look < 5; look++) {
      const from = this.#random.below(log.endOffset + 1);
      const upTo = from + this.#random.below(log.endOffset - from + 1);
      const want = abortedOf(told, from, upTo);
      // Nothing is missing; what is there besides is aborted as well.
      const found = await aborted(this.#rig, log, from, upTo);
      expect(found).toEqual(expect.arrayContaining(want));
      expect(abortedOf(told, 0, log.endOffset)).toEqual(expect.arrayContaining(found));
    }
  }
}
