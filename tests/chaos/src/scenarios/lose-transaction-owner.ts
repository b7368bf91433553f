import { setTimeout as sleep } from 'node:timers/promises';
import { MoldauError, serdes, type Transaction } from '@moldau/client';
import { during, killed } from '../nemesis/fault.ts';
import { eventually } from '../run/progress.ts';
import { persistently } from '../transactions/persistently.ts';
import { type Ending, TransactionLedger } from '../transactions/transaction-ledger.ts';
import { createReplicated, ownerOfTransaction } from './owners.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

/** Before which of its steps a transaction loses its owner; `markers`: while it is being carried out. */
const MOMENTS = ['first-write', 'second-write', 'offsets', 'commit', 'markers'] as const;
type Moment = (typeof MOMENTS)[number];

/** From the call that commits to where markers are written. */
const MARKERS_MS_MAX = 60;
const DOWN_MS_MAX = 1_500;
const OFFSETS_TIMEOUT_MS = 60_000;

/** The owner of a transaction is killed at each of its steps: what happens to it is what its producer is told. */
export const loseTransactionOwner: Scenario = {
  name: 'T12',
  title: 'the coordinator of a transaction is killed before each of its steps and while its markers are written',
  needs: REPLICATED,
  rounds: 4,
  async round(context): Promise<void> {
    const { moldau, round } = context;
    const topic = `t12-${round}`;
    await createReplicated(context, topic, 2);
    const ledger = new TransactionLedger();
    await using producer = moldau.transactionalProducer({ transactionalId: topic, valueSerializer: serdes.string });
    await producer.transaction((tx) => void tx.send({ topic, partition: 0, value: 'begin:0' }));
    ledger.ended('begin', 1, 'committed');
    let committed: number | undefined;
    for (const [at, moment] of MOMENTS.entries()) {
      const transaction = await persistently(() => producer.begin());
      const steps = stepsOf(transaction, topic, { name: moment, offset: at + 1 });
      const ending = await disturbed(context, transaction, { steps, moment, topic });
      ledger.ended(moment, 2, ending);
      if (ending === 'committed') committed = at + 1;
    }
    await ledger.verify(moldau, topic);
    await holdsOffset(context, topic, committed);
    context.figure('committedOfFive', ledger.count('committed') - 1);
    await moldau.admin().deleteTopics([topic]);
  },
};

type Steps = Readonly<Record<Exclude<Moment, 'commit' | 'markers'>, () => Promise<unknown>>>;

function stepsOf(transaction: Transaction<Uint8Array, string>, topic: string, { name, offset }: { name: string; offset: number }): Steps {
  return {
    'first-write': () => transaction.send({ topic, partition: 0, value: `${name}:0` }),
    'second-write': () => transaction.send({ topic, partition: 1, value: `${name}:1` }),
    // Of a partition whose log is long enough.
    offsets: () => transaction.commitOffsets(topic, [{ topic: 'chaos', partition: 0, offset }]),
  };
}

interface Disturbance {
  readonly steps: Steps;
  readonly moment: Moment;
  readonly topic: string;
}

/** Carries the steps out, the owner killed before one of them; how the transaction ended. */
async function disturbed(
  context: RoundContext,
  transaction: Transaction<Uint8Array, string>,
  { steps, moment, topic }: Disturbance,
): Promise<Ending> {
  const { recorder, random } = context;
  const names = ['first-write', 'second-write', 'offsets'] as const;
  const before = names.filter((_, at) => at < MOMENTS.indexOf(moment));
  try {
    for (const name of before) await steps[name]();
    const owner = await ownerOfTransaction(context, topic);
    const committing = moment === 'markers' ? settled(transaction) : undefined;
    if (committing !== undefined) await sleep(random.below(MARKERS_MS_MAX));
    const going = during(recorder, killed([owner]), () => sleep(random.below(DOWN_MS_MAX)));
    try {
      for (const name of names.slice(before.length)) await steps[name]();
      return await (committing ?? settled(transaction));
    } finally {
      await going;
    }
  } catch (caught) {
    const error = MoldauError.from(caught);
    await persistently(() => transaction.abort());
    if (error.reason === 'INTERNAL') throw error;
    return 'aborted';
  }
}

/** Commits, however often that must be asked for. */
async function settled(transaction: Transaction<Uint8Array, string>): Promise<Ending> {
  for (;;) {
    try {
      await transaction.commit();
      return 'committed';
    } catch (caught) {
      const error = MoldauError.from(caught);
      if (error.reason === 'TRANSACTION_OUTCOME_UNKNOWN' || error.retriable) continue;
      if (error.reason !== 'TRANSACTION_ABORTED') throw error;
      await persistently(() => transaction.abort());
      return 'aborted';
    }
  }
}

async function holdsOffset({ moldau }: RoundContext, group: string, expected: number | undefined): Promise<void> {
  let found: number | undefined;
  await eventually(
    async () => {
      const [described] = await moldau.admin().describeGroups([group]);
      found = described?.group?.partitions[0]?.committedOffset;
      return found === expected;
    },
    () => `the last transaction that was committed has offset ${expected}, the group ${found}`,
    OFFSETS_TIMEOUT_MS,
  );
}
