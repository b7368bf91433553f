import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '@moldau/testkit';
import { during, type Fault, killed, stopped } from '../nemesis/fault.ts';
import { eventually } from '../run/progress.ts';
import { CopierProcess, CopyReader, type CopyTopics, prepareCopy } from './copy-run.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

const INPUT_PARTITIONS = 2;
const OUTPUT_PARTITIONS = 3;
/** As in Kafka's own test with `--long`. */
const RECORDS = { usual: 6_000, long: 100_000 };
const COPIERS = 2;
const FAULTS_PER_ROUND = 3;
/** From before a transaction's first record to after its markers. */
const MOMENT_MS_MAX = 1_500;
const DOWN_MS_MAX = 2_000;
/** Sessions of killed members, transactions that they left, new owners of shards, and the work itself on a busy machine. */
const COPY_TIMEOUT_MS = 120_000;

/** Hard and clean bounces of brokers, coordinators and the copying programs: the copy is the input, once and in order. */
export const transactionalCopy: Scenario = {
  name: 'T13',
  title: 'a topic is copied in transactions while brokers, coordinators and clients are bounced',
  needs: REPLICATED,
  rounds: 4,
  async round(context): Promise<void> {
    const { cluster, moldau, random, recorder, round } = context;
    const topics: CopyTopics = {
      input: `t13-${round}-in`,
      output: `t13-${round}-out`,
      inputPartitions: INPUT_PARTITIONS,
      outputPartitions: OUTPUT_PARTITIONS,
      records: context.long ? RECORDS.long : RECORDS.usual,
    };
    await prepareCopy(moldau, topics);
    const reader = new CopyReader(moldau, topics);
    const startedAt = performance.now();
    const copiers = Array.from({ length: COPIERS }, (_, at) => new CopierProcess(`copier-${round}-${at}`, cluster.bootstrap, topics));
    try {
      for (let fault = 0; fault < FAULTS_PER_ROUND; fault++) {
        await sleep(random.below(MOMENT_MS_MAX));
        await during(recorder, bounce(context, copiers, random), () => sleep(random.below(DOWN_MS_MAX)));
      }
      await eventually(
        async () => reader.count >= topics.records || reader.wrong !== undefined,
        () => `${reader.count} of ${topics.records} records are copied; ${copiers.map(({ log }) => log.slice(-300)).join(' / ')}`,
        COPY_TIMEOUT_MS,
      );
      context.figure('copiedMsMax', performance.now() - startedAt);
    } finally {
      await Promise.all(copiers.map((copier) => copier.stop()));
    }
    await sleep(MOMENT_MS_MAX); // whatever a copier wrote last and twice would come now
    await reader.close();
    if (reader.wrong !== undefined) throw new Error(`the copy is not the input: ${reader.wrong}`);
    if (reader.count !== topics.records) throw new Error(`the copy has ${reader.count} of ${topics.records} records`);
    await moldau.admin().deleteTopics([topics.input, topics.output]);
  },
};

function bounce({ cluster }: RoundContext, copiers: readonly CopierProcess[], random: SeededRandom): Fault {
  const hard = random.chance(0.7);
  switch (random.pick(['broker', 'coordinator', 'client', 'client'] as const)) {
    case 'broker': {
      const broker = random.pick(cluster.brokers);
      return hard ? killed([broker]) : stopped([broker]);
    }
    case 'coordinator': {
      const coordinator = random.pick(cluster.coordinators);
      return hard ? killed([coordinator]) : stopped([coordinator]);
    }
    case 'client':
      return random.pick(copiers).fault(hard ? 'SIGKILL' : 'SIGTERM');
  }
}
