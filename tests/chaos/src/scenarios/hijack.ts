import { MoldauError } from '@moldau/client';
import { tcpProxy } from '@moldau/harness';
import { during, killed } from '../nemesis/fault.ts';
import { BareProducer } from '../transactions/bare-producer.ts';
import { TransactionLedger } from '../transactions/transaction-ledger.ts';
import { createReplicated, ownerOfTransaction } from './owners.ts';
import { REPLICATED, type Scenario } from './scenario.ts';

const TAKEOVERS = 3;
const DELAY_MS = { min: 500, max: 3_000 };
/** Not above its epoch any more, or not in a transaction of its own. */
const FENCED: readonly string[] = ['FENCED_PRODUCER'];

/** A producer takes the transactional id of one that is paused in a transaction; what that one sent, and sends when it wakes, counts for nothing. */
export const hijack: Scenario = {
  name: 'T16',
  title: 'a transactional id is taken over from a producer that goes on with every call, while its owner is killed',
  needs: REPLICATED,
  rounds: 4,
  async round(context): Promise<void> {
    const { moldau, round, random, recorder } = context;
    const topic = `t16-${round}`;
    await createReplicated(context, topic, 2);
    const ledger = new TransactionLedger();
    const options = { moldau, topic, transactionalId: topic };
    let old = await BareProducer.begin(options);
    for (let takeover = 0; takeover < TAKEOVERS; takeover++) {
      const name = `old-${takeover}`;
      await old.write(0, `${name}:0`);
      ledger.ended(name, 3, 'aborted');
      const owner = await ownerOfTransaction(context, topic);
      await using proxy = await tcpProxy({ target: await old.leaderAddress(0) });
      proxy.setRoundTripMs(2 * random.between(DELAY_MS.min, DELAY_MS.max));
      const onItsWay = outcome(old.write(0, `${name}:1`, proxy.address));
      const takes = async (): Promise<BareProducer> => BareProducer.begin(options);
      const young = random.chance(0.5) ? await during(recorder, killed([owner]), takes) : await takes();
      await young.write(1, `young-${takeover}:0`);
      const calls = [onItsWay, outcome(old.write(1, `${name}:2`)), outcome(old.stage(topic, 0, 0))];
      const ends = (['commit', 'abort'] as const).map((ending) => outcome(old.end(ending)));
      // The first may have been there before the takeover began; then it is ended with the rest.
      for (const [at, told] of (await Promise.all([...calls, ...ends])).entries())
        if (!FENCED.includes(told) && !(at === 0 && told !== 'INTERNAL')) throw new Error(`call ${at} of the old producer: ${told}`);
      await young.end('commit');
      ledger.ended(`young-${takeover}`, 1, 'committed');
      old[Symbol.dispose]();
      old = young;
    }
    await ledger.verify(moldau, topic);
    old[Symbol.dispose]();
    await moldau.admin().deleteTopics([topic]);
  },
};

async function outcome(call: Promise<void>): Promise<string> {
  return call.then(
    () => 'taken',
    (error: unknown) => MoldauError.from(error).reason,
  );
}
