import { leaderEpoch, type Offset } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import type { LogDirectory } from './log-directory.ts';
import type { PartitionLog } from './partition-log.ts';
import { caught } from './testing/caught.ts';
import { RandomTransactions } from './testing/random-transactions.ts';
import { EPOCH, makeBatch, ROOT, StorageRig, TOPIC } from './testing/storage-rig.ts';
import { aborted } from './testing/transaction-oracle.ts';

const PRODUCER = 7;

interface Session {
  producerId: number;
  epoch: number;
  sequence: number;
}

const session = (producerId = PRODUCER): Session => ({ producerId, epoch: 0, sequence: 0 });

function claimOf({ producerId, epoch, sequence }: Session) {
  return { producerId, producerEpoch: epoch, baseSequence: sequence, lastOffsetDelta: 0, transactional: true };
}

/** Verifies where that is needed, checks, and appends one record. */
function write(log: PartitionLog, writer: Session): void {
  const question = log.askVerification(writer.producerId, writer.epoch);
  if (question !== undefined) log.confirmVerification(question);
  expect(log.checkProducer(claimOf(writer))).toEqual({ kind: 'accept' });
  const { producerId, epoch: producerEpoch, sequence: baseSequence } = writer;
  log.append(makeBatch(1, { producerId, producerEpoch, baseSequence, transactional: true }), { leaderEpoch: EPOCH });
  writer.sequence += 1;
}

/** Ends the session's transaction, and goes on to its next epoch. */
function end(log: PartitionLog, writer: Session, outcome: 'commit' | 'abort', coordinatorEpoch = 1): void {
  writer.epoch += 1;
  writer.sequence = 0;
  const marker = { producerId: writer.producerId, producerEpoch: writer.epoch, outcome, coordinatorEpoch };
  expect(log.appendMarker(marker, { leaderEpoch: EPOCH }).kind).toBe('appended');
}

async function begun(): Promise<{ rig: StorageRig; directory: LogDirectory; log: PartitionLog }> {
  const rig = new StorageRig();
  const directory = await rig.open();
  return { rig, directory, log: await rig.create(directory) };
}

describe('the last stable offset', () => {
  it('stays before an open transaction, and before one whose marker is not committed', async () => {
    const { log } = await begun();
    const [one, other] = [session(1), session(2)];
    log.append(makeBatch(1), { leaderEpoch: EPOCH });
    write(log, one);
    write(log, other);
    log.advanceHighWatermark(log.endOffset);
    expect(log.lastStableOffset).toBe(1);
    expect(log.openTransactions().map(({ producerId, firstOffset }) => [producerId, firstOffset])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    end(log, one, 'commit');
    expect(log.lastStableOffset).toBe(1);
    log.advanceHighWatermark(log.endOffset);
    expect(log.lastStableOffset).toBe(2);
    end(log, other, 'abort');
    log.advanceHighWatermark(log.endOffset);
    expect(log.lastStableOffset).toBe(log.endOffset);
    expect(log.openTransactions()).toEqual([]);
  });

  it('goes back to a transaction whose marker was cut off', async () => {
    const { rig, log } = await begun();
    const writer = session();
    write(log, writer);
    log.advanceHighWatermark(log.endOffset);
    const cutAt = log.endOffset;
    end(log, writer, 'abort');
    await rig.until(log.truncateTo(cutAt));
    expect(await aborted(rig, log)).toEqual([]);
    expect(log.openTransactions()).toMatchObject([{ producerId: PRODUCER, producerEpoch: 0, firstOffset: 0 }]);
    expect(log.lastStableOffset).toBe(0);
    writer.epoch -= 1;
    end(log, writer, 'commit');
    log.advanceHighWatermark(log.endOffset);
    expect(log.lastStableOffset).toBe(2);
  });
});

describe('the first batch of a transaction', () => {
  it('needs the word of the coordinator, and the others none', async () => {
    const { log } = await begun();
    const writer = session();
    expect((await caught(() => log.checkProducer(claimOf(writer)))).reason).toBe('TRANSACTION_NOT_VERIFIED');
    const question = log.askVerification(PRODUCER, 0);
    expect((await caught(() => log.checkProducer(claimOf(writer)))).reason).toBe('TRANSACTION_NOT_VERIFIED');
    expect(question !== undefined && log.confirmVerification(question)).toBe(true);
    write(log, writer);
    expect(log.askVerification(PRODUCER, 0)).toBeUndefined();
    write(log, writer);
    end(log, writer, 'commit');
    expect((await caught(() => log.checkProducer(claimOf(writer)))).reason).toBe('TRANSACTION_NOT_VERIFIED');
  });

  it('is refused when a marker came after the question, or another leadership', async () => {
    const { log } = await begun();
    const late = log.askVerification(PRODUCER, 0);
    log.appendMarker({ producerId: PRODUCER, producerEpoch: 1, outcome: 'abort', coordinatorEpoch: 1 }, { leaderEpoch: EPOCH });
    expect(late !== undefined && log.confirmVerification(late)).toBe(false);
    expect((await caught(() => log.checkProducer(claimOf(session())))).reason).toBe('FENCED_PRODUCER');
    const next = log.askVerification(PRODUCER, 1);
    log.beginEpoch(leaderEpoch(2));
    expect(next !== undefined && log.confirmVerification(next)).toBe(false);
    const dropped = log.askVerification(PRODUCER, 1);
    if (dropped !== undefined) log.dropVerification(dropped);
    expect(dropped !== undefined && log.confirmVerification(dropped)).toBe(false);
  });

  it('is let in by a question that was asked before the marker of the last transaction came', async () => {
    const { log } = await begun();
    const early = log.askVerification(PRODUCER, 1);
    log.appendMarker({ producerId: PRODUCER, producerEpoch: 1, outcome: 'commit', coordinatorEpoch: 1 }, { leaderEpoch: EPOCH });
    expect(early !== undefined && log.confirmVerification(early)).toBe(true);
  });

  it('is refused while an earlier transaction is open, as is a batch outside of it', async () => {
    const { log } = await begun();
    const writer = session();
    write(log, writer);
    const later = { ...claimOf(writer), producerEpoch: 1, baseSequence: 0 };
    expect((await caught(() => log.checkProducer(later))).reason).toBe('CONCURRENT_TRANSACTIONS');
    const outside = { ...claimOf(writer), transactional: false };
    expect((await caught(() => log.checkProducer(outside))).reason).toBe('INVALID_TRANSACTION_STATE');
  });
});

describe('a marker', () => {
  const marker = { producerId: PRODUCER, producerEpoch: 1, outcome: 'commit', coordinatorEpoch: 5 } as const;

  it('is taken once, and never from an older epoch of producer or coordinator', async () => {
    const { log } = await begun();
    write(log, session());
    const options = { leaderEpoch: EPOCH };
    expect(log.appendMarker(marker, options)).toEqual({ kind: 'appended', end: 2 });
    expect(log.appendMarker(marker, options)).toEqual({ kind: 'present', end: 2 });
    expect((await caught(() => log.appendMarker({ ...marker, producerEpoch: 0 }, options))).reason).toBe('FENCED_PRODUCER');
    const former = { ...marker, producerEpoch: 2, coordinatorEpoch: 4 };
    expect((await caught(() => log.appendMarker(former, options))).reason).toBe('FENCED_SHARD');
    expect(log.endOffset).toBe(2);
  });

  it('of one transaction does not end the next when it comes again', async () => {
    const { rig, log } = await begun();
    const writer = session();
    write(log, writer);
    end(log, writer, 'abort', 5);
    write(log, writer);
    expect(log.appendMarker({ ...marker, outcome: 'abort' }, { leaderEpoch: EPOCH }).kind).toBe('present');
    expect(log.openTransactions()).toMatchObject([{ producerEpoch: 1, firstOffset: 2 }]);
    expect(await aborted(rig, log)).toEqual(['7: 0 to 1']);
  });

  it('commits only the transaction of the epoch before; an abort ends any older one', async () => {
    const { log } = await begun();
    write(log, session());
    const later = { ...marker, producerEpoch: 4 };
    expect((await caught(() => log.appendMarker(later, { leaderEpoch: EPOCH }))).reason).toBe('INVALID_TRANSACTION_STATE');
    expect(log.appendMarker({ ...later, outcome: 'abort' }, { leaderEpoch: EPOCH }).kind).toBe('appended');
    expect(log.openTransactions()).toEqual([]);
  });

  it('is known without its file of aborted transactions, and with a damaged one', async () => {
    const { rig, directory, log } = await begun();
    const writer = session();
    write(log, writer);
    log.roll();
    end(log, writer, 'abort');
    log.roll();
    write(log, writer);
    await rig.idle();
    const path = `${ROOT}/topics/${TOPIC}/0/00000000000000000001.txnindex`;
    expect(await aborted(rig, log)).toEqual(['7: 0 to 1']);
    expect(log.hasAbortedFrom(1 as Offset)).toBe(true);
    expect(log.hasAbortedFrom(2 as Offset)).toBe(false);
    await rig.until(rig.disk.removeFile(path));
    expect(await aborted(rig, log)).toEqual(['7: 0 to 1']);
    const file = await rig.until(rig.disk.open(path, 'write'));
    await rig.until(file.write([new Uint8Array([1, 2, 3])], 20));
    expect(await aborted(rig, log)).toEqual(['7: 0 to 1']);
    expect(await aborted(rig, log, 2)).toEqual([]);
    await rig.until(directory.close());
  });
});

describe('transactions in a log', () => {
  it('are known after any appends, markers, rolls, truncations and stops', async () => {
    for (let seed = 1; seed <= 25; seed++) {
      try {
        await new RandomTransactions(seed).run(120);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  }, 120_000);
});
