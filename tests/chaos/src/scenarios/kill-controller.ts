import { setTimeout as sleep } from 'node:timers/promises';
import { during, killed } from '../nemesis/fault.ts';
import { eventually } from '../run/progress.ts';
import { controllerOf } from './leaders.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

/** A topic of so many partitions takes the controller several transactions. */
const PARTITIONS = 40;
/** From before the first step of a change to after its last one. */
const MOMENT_MS = { min: 0, max: 250 };
const DOWN_MS_MAX = 3_000;

/** The controller is killed in the middle of a change of the metadata: the next one finishes it, or it never was. */
export const killController: Scenario = {
  name: 'T06',
  title: 'the controller is killed while it creates and deletes topics',
  needs: REPLICATED,
  rounds: 6,
  async round(context): Promise<void> {
    const { moldau, round } = context;
    const [kept, gone] = [`t06-${round}-kept`, `t06-${round}-gone`];
    const admin = moldau.admin();
    const create = (name: string): Promise<unknown> =>
      admin.createTopics([{ name, partitions: PARTITIONS, replicationFactor: 3 }], { timeoutMs: 20_000 });
    await killDuring(context, () => create(kept));
    await eventually(async () => whole(context, kept, await isThere(context, kept)), `${kept} is half there`);
    await create(gone).catch(() => {});
    await killDuring(context, () => admin.deleteTopics([gone], { timeoutMs: 20_000 }));
    await eventually(async () => whole(context, gone, await isThere(context, gone)), `${gone} is half there`);
    for (const name of [kept, gone]) {
      await eventually(async () => {
        if (await isThere(context, name)) await admin.deleteTopics([name]);
        return !(await isThere(context, name));
      }, `${name} can’t be deleted`);
    }
  },
};

async function killDuring(context: RoundContext, change: () => Promise<unknown>): Promise<void> {
  const { recorder, random } = context;
  const controller = await controllerOf(context);
  const changing = change().catch(() => {}); // whatever it is told, the topic is whole or not there
  await sleep(random.between(MOMENT_MS.min, MOMENT_MS.max));
  await during(recorder, killed([controller]), () => sleep(random.below(DOWN_MS_MAX)));
  await changing;
}

async function isThere({ moldau }: RoundContext, topic: string): Promise<boolean> {
  const [described] = await moldau.admin().describeTopics([topic]);
  if (described?.error !== undefined && described.error.reason !== 'UNKNOWN_TOPIC') throw described.error;
  return described?.error === undefined;
}

/** Not there is whole too. */
async function whole({ moldau }: RoundContext, topic: string, there: boolean): Promise<boolean> {
  if (!there) return true;
  let led = 0;
  for await (const { leaderId } of moldau.admin().describePartitions({ topics: [topic] })) led += leaderId === undefined ? 0 : 1;
  return led === PARTITIONS;
}
