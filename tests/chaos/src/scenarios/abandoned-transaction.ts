import { setTimeout as sleep } from 'node:timers/promises';
import { MoldauError } from '@moldau/client';
import { during, type Fault, killed } from '../nemesis/fault.ts';
import { eventually } from '../run/progress.ts';
import { BareProducer } from '../transactions/bare-producer.ts';
import { TransactionLedger } from '../transactions/transaction-ledger.ts';
import { createReplicated, ownerOfTransaction } from './owners.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

const TIMEOUT_MS = 3_000;
/** Beyond the timeout, by the design's list: a new owner, the look at timeouts, and the marker. */
const BEYOND_MS = 10_000;
const DOWN_MS_MAX = 2_000;
const LATE: readonly string[] = ['FENCED_PRODUCER', 'TRANSACTION_ABORTED', 'INVALID_TRANSACTION_STATE'];

/** A client dies in a transaction; its last batch comes after the marker. Nothing of it counts, and nothing hangs. */
export const abandonedTransaction: Scenario = {
  name: 'T15',
  title: 'clients die in transactions, also while the owner is killed, and their batches come late',
  needs: REPLICATED,
  rounds: 4,
  async round(context): Promise<void> {
    const { moldau, round, random, recorder } = context;
    const topic = `t15-${round}`;
    await createReplicated(context, topic, 1);
    const ledger = new TransactionLedger();
    using abandoned = await BareProducer.begin({ moldau, topic, transactionalId: topic, timeoutMs: TIMEOUT_MS });
    const begunAt = performance.now();
    await abandoned.write(0, 'abandoned:0');
    ledger.ended('abandoned', 2, 'aborted');
    const owner = await ownerOfTransaction(context, topic);
    const nothing: Fault = { name: 'abandon', targets: [topic], begin: async () => {}, end: async () => {} };
    await during(recorder, round % 2 === 0 ? killed([owner]) : nothing, () => sleep(random.below(DOWN_MS_MAX)));
    await eventually(
      async () => (await ends(context, topic)).open === 0,
      () => `${topic} is still held ${TIMEOUT_MS + BEYOND_MS} ms after the transaction began`,
      begunAt + TIMEOUT_MS + BEYOND_MS - performance.now(),
    );
    context.figure('heldMsMax', performance.now() - begunAt);
    const { end } = await ends(context, topic);
    const late = await abandoned.write(0, 'abandoned:1').then(
      () => undefined,
      (error: unknown) => MoldauError.from(error),
    );
    if (late === undefined || !LATE.includes(late.reason)) throw late ?? new Error('a batch that came late was taken');
    if ((await ends(context, topic)).end !== end) throw new Error('a batch that was refused is in the log');
    await ledger.verify(moldau, topic);
    await moldau.admin().deleteTopics([topic]);
  },
};

/** The end of the log, and how much of it readers of committed records can't see. */
async function ends({ moldau }: RoundContext, topic: string): Promise<{ readonly end: number; readonly open: number }> {
  const end = async (isolation: 'read_uncommitted' | 'read_committed'): Promise<number> => {
    const [found] = await moldau.admin().listOffsets([{ topic, partition: 0, position: 'latest' }], { isolation });
    if (found?.offset === undefined) throw found?.error ?? new Error(`the end of ${topic} is not known`);
    return found.offset;
  };
  const [all, committed] = await Promise.all([end('read_uncommitted'), end('read_committed')]);
  return { end: all, open: all - committed };
}
