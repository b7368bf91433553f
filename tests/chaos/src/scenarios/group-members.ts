import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MoldauError } from '@moldau/client';
import { type Child, startChild } from '@moldau/harness';
import { during, type Fault, killed, stopped, together } from '../nemesis/fault.ts';
import { eventually } from '../run/progress.ts';
import { bareCommit } from '../transactions/bare-commit.ts';
import { GroupWatch } from './group-watch.ts';
import { createReplicated, ownerOfGroup } from './owners.ts';
import { REPLICATED, type RoundContext, type Scenario } from './scenario.ts';

const PROGRAM = fileURLToPath(new URL('../programs/group-reader.ts', import.meta.url));
const MEMBERS = 3;
const PARTITIONS = 6;
const RECORDS = 6_000;
const SESSION_MS = 3_000;
/** Longer than a session: a paused member is not one any more when it wakes. */
const PAUSE_MS = 6_000;
const DOWN_MS_MAX = 2_000;
const ROUND_TIMEOUT_MS = 90_000;
const STALE: readonly string[] = ['UNKNOWN_MEMBER', 'FENCED_MEMBER_EPOCH'];

/** Members and the group's owner are killed and paused, brokers restarted in turn: offsets never go back, partitions have one owner. */
export const groupMembers: Scenario = {
  name: 'T17',
  title: 'members of a group are killed and paused, its owner is killed during commits, brokers are restarted in turn',
  needs: REPLICATED,
  rounds: 4,
  async round(context): Promise<void> {
    const { moldau, round, recorder, random, cluster } = context;
    const name = `t17-${round}`;
    await prepare(context, name);
    const watch = new GroupWatch(moldau, name);
    const members = Array.from({ length: MEMBERS }, (_, at) => new Reader(cluster.bootstrap, name, `${name}-${at}`));
    try {
      const filling = fill(context, name);
      await eventually(async () => watch.last?.members.length === MEMBERS, `${MEMBERS} members did not join ${name}`);
      const victim = random.pick(members);
      const lost = watch.last?.members.find(({ clientId }) => clientId === victim.name);
      const owner = await ownerOfGroup(context, name);
      const hurt = round % 2 === 0 ? victim.killed() : victim.paused();
      await during(recorder, together(hurt, killed([owner])), () => sleep(PAUSE_MS));
      await eventually(
        async () => watch.last?.members.every(({ memberId }) => memberId !== lost?.memberId) === true,
        `${lost?.memberId} is a member still`,
      );
      if (lost !== undefined) await isStale(context, name, lost);
      for (const broker of cluster.brokers) await during(recorder, stopped([broker]), () => sleep(random.below(DOWN_MS_MAX)));
      await filling;
      const lagging = (): number => watch.last?.partitions.filter(({ lagRecords }) => lagRecords !== 0).length ?? PARTITIONS;
      await eventually(
        async () => watch.wrong !== undefined || (watch.last?.partitions.length === PARTITIONS && lagging() === 0),
        () => `${lagging()} partitions of ${name} lag; ${members.map(({ log }) => log.slice(-200)).join(' / ')}`,
        ROUND_TIMEOUT_MS,
      );
    } finally {
      await Promise.all(members.map((member) => member.stop()));
      await watch.stop();
    }
    if (watch.wrong !== undefined) throw new Error(`${name}: ${watch.wrong}`);
    context.figure('looks', watch.looks);
    await moldau.admin().deleteTopics([name]);
  },
};

async function prepare(context: RoundContext, name: string): Promise<void> {
  await createReplicated(context, name, PARTITIONS);
  const changes = [
    { name: 'session.timeout.ms', value: String(SESSION_MS) },
    { name: 'heartbeat.interval.ms', value: String(SESSION_MS / 6) },
  ];
  const [altered] = await context.moldau.admin().alterConfigs([{ resource: { group: name }, changes }]);
  if (altered?.error !== undefined) throw altered.error;
}

/** Little by little: commits go on all the while. */
async function fill({ moldau }: RoundContext, topic: string): Promise<void> {
  await using producer = moldau.producer({ acks: 'all' });
  for (let at = 0; at < RECORDS; at += 100) {
    const sends = Array.from({ length: 100 }, (_, more) =>
      producer.send({ topic, partition: (at + more) % PARTITIONS, value: Buffer.from(String(at + more)) }),
    );
    await Promise.all(sends);
  }
}

/** What a member that was removed commits is refused, of any partition. */
async function isStale(context: RoundContext, group: string, member: { memberId: string; memberEpoch: number }): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const told = await bareCommit(context.moldau, { group, topic: group, partition, offset: 0, member }).then(
      () => 'taken',
      (error: unknown) => MoldauError.from(error).reason,
    );
    if (!STALE.includes(told)) throw new Error(`a commit of a member that was removed, of partition ${partition}: ${told}`);
  }
}

/** A member in a process of its own. */
class Reader {
  readonly name: string;
  readonly #parameters: readonly string[];
  #child: Child;

  constructor(bootstrap: string, topic: string, name: string) {
    this.name = name;
    this.#parameters = [PROGRAM, bootstrap, topic, topic, name];
    this.#child = this.#start();
  }

  get log(): string {
    return this.#child.stderr();
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }

  killed(): Fault {
    const begin = async (): Promise<void> => {
      this.#child.kill('SIGKILL');
      await this.#child.ended;
    };
    return { name: 'kill', targets: [this.name], begin, end: async () => void (this.#child = this.#start()) };
  }

  paused(): Fault {
    const signal = (which: NodeJS.Signals) => async (): Promise<void> => void this.#child.kill(which);
    return { name: 'pause', targets: [this.name], begin: signal('SIGSTOP'), end: signal('SIGCONT') };
  }

  #start(): Child {
    return startChild({ command: process.execPath, arguments: [...this.#parameters] });
  }
}
