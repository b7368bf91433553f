import { setTimeout as sleep } from 'node:timers/promises';
import { type Moldau, MoldauError, serdes, type TransactionalProducer } from '@moldau/client';
import { SeededRandom } from '@moldau/testkit';
import { during, type Fault, killed, paused, stopped } from '../nemesis/fault.ts';
import { persistently } from '../transactions/persistently.ts';
import { type Ending, TransactionLedger } from '../transactions/transaction-ledger.ts';
import { createReplicated } from './owners.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

/** One partition each. */
const ACCOUNTS = 6;
const TELLERS = 3;
const FAULTS_PER_ROUND = 3;
const MOMENT_MS_MAX = 1_500;
const DOWN_MS_MAX = 2_000;
/** Of the transfers, called back by their teller. */
const CALLED_BACK = 0.2;

/** Each transfer takes from one account what it gives to another, in one transaction: it is in both, or in none (Redpanda's tx_money). */
export const transfers: Scenario = {
  name: 'T14',
  title: 'transfers between accounts on many partitions while brokers and coordinators are bounced',
  needs: REPLICATED,
  rounds: 4,
  async round(context): Promise<void> {
    const { moldau, round, random, recorder } = context;
    const topic = `t14-${round}`;
    await createReplicated(context, topic, ACCOUNTS);
    const ledger = new TransactionLedger();
    let over = false;
    const tellers = Array.from({ length: TELLERS }, (_, at) =>
      transfer(moldau, { name: `${topic}-${at}`, topic, ledger, random: new SeededRandom(random.below(2 ** 31)) }, () => over),
    );
    try {
      for (let fault = 0; fault < FAULTS_PER_ROUND; fault++) {
        await sleep(random.below(MOMENT_MS_MAX));
        await during(recorder, bounce(context), () => sleep(random.below(DOWN_MS_MAX)));
      }
      await sleep(MOMENT_MS_MAX);
    } finally {
      over = true;
      await Promise.all(tellers);
    }
    await ledger.verify(moldau, topic);
    if (ledger.count('committed') === 0) throw new Error('no transfer was committed');
    context.figure('transfers', ledger.count('committed'));
    await moldau.admin().deleteTopics([topic]);
  },
};

function bounce({ cluster, random }: RoundContext): Fault {
  const victim = random.pick([...cluster.brokers, ...cluster.coordinators]);
  return random.pick([killed, stopped, paused])([victim]);
}

interface Teller {
  readonly name: string;
  readonly topic: string;
  readonly ledger: TransactionLedger;
  readonly random: SeededRandom;
}

async function transfer(moldau: Moldau, teller: Teller, over: () => boolean): Promise<void> {
  const { name, ledger } = teller;
  const producer = moldau.transactionalProducer({ transactionalId: name, valueSerializer: serdes.string });
  try {
    for (let at = 0; !over(); at++) ledger.ended(`${name}-${at}`, 2, await one(producer, teller, `${name}-${at}`));
  } finally {
    await producer.close();
  }
}

/** How it ended. @throws MoldauError what no fault may cause */
async function one(producer: TransactionalProducer<Uint8Array, string>, { topic, random }: Teller, name: string): Promise<Ending> {
  const from = random.below(ACCOUNTS);
  const to = (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS;
  const transaction = await persistently(() => producer.begin());
  try {
    const sent = [from, to].map((partition, side) => transaction.send({ topic, partition, value: `${name}:${side}` }));
    await Promise.all(sent);
    if (random.chance(CALLED_BACK)) {
      await persistently(() => transaction.abort());
      return 'aborted';
    }
    for (;;) {
      try {
        await transaction.commit();
        return 'committed';
      } catch (caught) {
        const error = MoldauError.from(caught);
        if (error.reason !== 'TRANSACTION_OUTCOME_UNKNOWN' && !error.retriable) throw error;
      }
    }
  } catch (caught) {
    if (MoldauError.from(caught).reason === 'FENCED_PRODUCER') throw caught;
    await persistently(() => transaction.abort());
    return 'aborted';
  }
}
