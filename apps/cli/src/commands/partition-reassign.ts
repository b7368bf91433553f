import type { Admin, Reassignment } from '@moldau/client';
import { type Command, Option } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf } from '../context.ts';
import { readPartitions } from '../health/partition-state.ts';
import { lagText, readReplicas, replicaStandings } from '../health/replica-lag.ts';
import { brokerIds, collected, type Move, move, topicOrPartition } from '../input/partitions.ts';
import { writeJson } from '../output/format.ts';
import { failWithFirst, partitionName } from '../output/outcomes.ts';
import { writeTable } from '../output/table.ts';
import { awaitMoves } from '../placement/await-moves.ts';
import { type PlanFile, readPlan } from '../placement/plan-file.ts';
import { planMoves } from '../placement/plan-moves.ts';
import { setThrottle, THROTTLE_HELP, type Throttle, throttle } from '../placement/throttle.ts';

interface Options extends ConnectionOptions {
  readonly plan?: string;
  readonly topic?: readonly string[];
  readonly to?: readonly number[];
  readonly generate: boolean;
  readonly cancel: boolean;
  readonly throttle?: Throttle;
  readonly wait: boolean;
  readonly dryRun: boolean;
}

export function registerPartitionReassign(parent: Command, context: CommandContext): void {
  parent
    .command('reassign')
    .description(
      'move replicas to other brokers; without moves, show those under way. The new replicas copy first, and only when all are in sync do the ' +
        'old ones go. Moves go on across restarts of any service',
    )
    .argument(
      '[move...]',
      'TOPIC/PARTITION=BROKER,BROKER…, the preferred leader first; with --cancel TOPIC/PARTITION or TOPIC (default: all under way)',
    )
    .addOption(new Option('--plan <file>', "moves as JSON, in the form of Kafka's reassignment tool; - is standard input"))
    .addOption(new Option('--topic <name>', 'a topic to move with --to; may be repeated').argParser(collected(String)).conflicts('plan'))
    .addOption(new Option('--to <ids>', 'the brokers that shall hold those topics, with as few moves as that takes').argParser(brokerIds))
    .addOption(new Option('--generate', 'only print the moves that --topic and --to make, for --plan').default(false))
    .addOption(new Option('--cancel', 'take moves back').default(false).conflicts(['plan', 'topic', 'to', 'generate', 'throttle', 'wait']))
    .option('--throttle <bytes>', THROTTLE_HELP, throttle)
    .option('--wait', 'return when the moves are over', false)
    .option('--dry-run', 'only check', false)
    .action((words: string[], _local: unknown, command: Command) => reassign(context, words, command));
}

async function reassign(context: CommandContext, words: readonly string[], command: Command): Promise<void> {
  const options = optionsOf<Options>(command);
  const { topic, to, plan, cancel, generate } = options;
  if ((topic === undefined) !== (to === undefined)) command.error('error: --topic and --to go together', { exitCode: 2 });
  if (generate && to === undefined) command.error('error: --generate needs --topic and --to', { exitCode: 2 });
  const sources = [words.length > 0, plan !== undefined, topic !== undefined].filter(Boolean).length;
  if (sources > 1) command.error('error: moves come as arguments, by --plan or by --topic and --to, not by two of them', { exitCode: 2 });
  const parsed = words.map((word) => parsedArgument(command, word, cancel ? topicOrPartition : move));
  await context.withClient(options, async (moldau) => {
    const admin = moldau.admin();
    if (cancel) return takeBack(context, admin, parsed, options);
    if (options.throttle !== undefined) await setThrottle(admin, options.throttle, options);
    if (sources === 0) return showMoves(context, admin, options);
    const moves = plan !== undefined ? await readPlan(plan, context.terminal) : to !== undefined ? await planned(admin, options) : parsed;
    if (!generate) return begin(context, admin, moves.filter(isMove), options);
    await writeJson(context.terminal, { version: 1, partitions: moves.filter(isMove) } satisfies PlanFile);
  });
}

/** What an argument means; a wrong one is an error of usage. */
function parsedArgument<Value>(command: Command, word: string, parse: (word: string) => Value): Value {
  try {
    return parse(word);
  } catch (caught) {
    return command.error(`error: ${caught instanceof Error ? caught.message : String(caught)}`, { exitCode: 2 });
  }
}

type Parsed = Move | ReturnType<typeof topicOrPartition>;

function isMove(parsed: Parsed): parsed is Move {
  return 'replicas' in parsed;
}

async function planned(admin: Admin, { topic = [], to = [] }: Options): Promise<readonly Move[]> {
  const { brokers } = await admin.describeCluster();
  const racks = new Map(brokers.map(({ brokerId, rack }) => [brokerId, rack]));
  // One that is not registered is the controller's to refuse.
  const targets = [...new Set(to)].map((brokerId) => ({ brokerId, rack: racks.get(brokerId) }));
  return planMoves(await readPartitions(admin, topic), targets);
}

async function begin(context: CommandContext, admin: Admin, moves: readonly Move[], options: Options): Promise<void> {
  const { dryRun, wait } = options;
  const outcomes = await admin.reassignPartitions(moves, { dryRun });
  const begun = moves.filter((_, at) => outcomes[at]?.error === undefined);
  const what = dryRun ? 'would be moved to' : wait ? 'moved to' : 'is being moved to';
  if (wait && !dryRun) await awaitMoves(admin, context.terminal, begun);
  if (options.output === 'json') {
    await writeJson(
      context.terminal,
      begun.map((each) => ({ ...each, begun: !dryRun, done: wait && !dryRun })),
    );
  } else {
    if (moves.length === 0) await context.terminal.write('nothing has to be moved\n');
    for (const each of begun) await context.terminal.write(`${partitionName(each)} ${what} ${each.replicas.join(',')}\n`);
  }
  failWithFirst(context, outcomes);
}

async function takeBack(context: CommandContext, admin: Admin, named: readonly Parsed[], options: Options): Promise<void> {
  const { dryRun } = options;
  const topics = [...new Set(named.map(({ topic }) => topic))];
  const moving = await readPartitions(admin, topics, 'reassigning');
  const whole = new Set(named.filter(({ partition }) => partition === undefined).map(({ topic }) => topic));
  const single = named.flatMap(({ topic, partition }) => (partition === undefined ? [] : [{ topic, partition }]));
  const listed = moving.filter(({ topic }) => named.length === 0 || whole.has(topic));
  const wanted = [...listed, ...single.filter(({ topic }) => !whole.has(topic))];
  const back = wanted.map(({ topic, partition }): Reassignment => ({ topic, partition, replicas: 'cancel' }));
  const outcomes = back.length === 0 ? [] : await admin.reassignPartitions(back, { dryRun });
  const done = outcomes.filter(({ error }) => error === undefined);
  if (options.output === 'json') {
    await writeJson(
      context.terminal,
      done.map(({ topic, partition }) => ({ topic, partition, cancelled: !dryRun })),
    );
  } else {
    if (back.length === 0) await context.terminal.write('nothing is being moved\n');
    for (const each of done) await context.terminal.write(`the move of ${partitionName(each)} ${dryRun ? 'would be' : 'is'} taken back\n`);
  }
  failWithFirst(context, outcomes);
}

async function showMoves(context: CommandContext, admin: Admin, options: Options): Promise<void> {
  const states = await readPartitions(admin, [], 'reassigning');
  const led = await readReplicas(admin, states);
  if (options.output === 'json') {
    return writeJson(
      context.terminal,
      states.map((state) => ({ ...state, replicaStates: replicaStandings(led.get(state)) })),
    );
  }
  if (states.length === 0) return context.terminal.write('nothing is being moved\n');
  await writeTable(
    context.terminal,
    ['PARTITION', 'LEADER', 'REPLICAS', 'ADDING', 'REMOVING', 'IN SYNC', 'LAG'],
    states.map((state) => [
      partitionName(state),
      String(state.leader ?? 'none'),
      state.replicas.join(','),
      state.adding.join(',') || '-',
      state.removing.join(',') || '-',
      state.inSyncReplicas.join(','),
      lagText(led.get(state)),
    ]),
  );
}
