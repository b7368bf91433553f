import { setTimeout as sleep } from 'node:timers/promises';
import { tcpProxy } from '@moldau/harness';
import { MoldauError } from '@moldau/kernel';
import { during } from '../nemesis/fault.ts';
import { BareProducer } from '../transactions/bare-producer.ts';
import { type Ending, TransactionLedger } from '../transactions/transaction-ledger.ts';
import { createReplicated } from './owners.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

const PAIRS = 5;
const DELAY_MS = { usual: { min: 300, max: 3_000 }, long: { min: 1_000, max: 20_000 } };
/** Before the client gives the first way up. */
const RETRY_MS_MAX = 200;
/** What a late end may be told; the same as the first, where nothing was begun since. */
const LATE: readonly string[] = ['FENCED_PRODUCER', 'INVALID_TRANSACTION_STATE', 'TRANSACTION_ABORTED', 'CONCURRENT_TRANSACTIONS'];

/** An end is late, its client repeats it by another way and begins the next transaction, which the late one must not touch (KAFKA-17754). */
export const lateEnd: Scenario = {
  name: 'T11',
  title: 'ends of transactions arrive late, in the middle of the next one',
  needs: REPLICATED,
  rounds: 4,
  async round(context): Promise<void> {
    const { moldau, random, recorder, round, cluster } = context;
    const topic = `t11-${round}`;
    await createReplicated(context, topic, 2);
    const ledger = new TransactionLedger();
    using producer = await BareProducer.begin({ moldau, topic, transactionalId: topic });
    await using proxy = await tcpProxy({ target: random.pick(cluster.bootstrap.split(',')) });
    for (let pair = 0; pair < PAIRS; pair++) {
      const { min, max } = context.long ? DELAY_MS.long : DELAY_MS.usual;
      const delay = { name: 'delay-end', targets: [topic], begin: async () => proxy.setRoundTripMs(2 * random.between(min, max)) };
      await during(recorder, { ...delay, end: async () => proxy.setRoundTripMs(0) }, () =>
        endLate(context, producer, { ledger, pair: String(pair), by: proxy.address }),
      );
    }
    await ledger.verify(moldau, topic);
    await moldau.admin().deleteTopics([topic]);
  },
};

interface Pair {
  readonly ledger: TransactionLedger;
  readonly pair: string;
  /** Address of the slow way. */
  readonly by: string;
}

async function endLate({ random }: RoundContext, producer: BareProducer, { ledger, pair, by }: Pair): Promise<void> {
  await writeBoth(producer, pair);
  const first = random.chance(0.5);
  const late = producer.end(ending(first), by).then(
    () => undefined,
    (error: unknown) => MoldauError.from(error),
  );
  await sleep(random.below(RETRY_MS_MAX));
  await producer.end(ending(first));
  ledger.ended(pair, 2, told(first));
  const next = `${pair}-next`;
  await producer.write(0, `${next}:0`);
  const refused = await late;
  if (refused !== undefined && !LATE.includes(refused.reason)) throw refused;
  await producer.write(1, `${next}:1`);
  const second = random.chance(0.5);
  await producer.end(ending(second));
  ledger.ended(next, 2, told(second));
}

async function writeBoth(producer: BareProducer, name: string): Promise<void> {
  await Promise.all([0, 1].map((partition) => producer.write(partition, `${name}:${partition}`)));
}

const ending = (commit: boolean): 'commit' | 'abort' => (commit ? 'commit' : 'abort');
const told = (commit: boolean): Ending => (commit ? 'committed' : 'aborted');
