import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, DescribedBroker, DrainState } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import { type Command, Option } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { wholeNumber } from '../input/values.ts';
import { awaitDrained } from '../placement/await-drained.ts';
import { setThrottle, THROTTLE_HELP, type Throttle, throttle } from '../placement/throttle.ts';

interface Options extends ConnectionOptions {
  readonly wait: boolean;
  readonly forget: boolean;
  readonly throttle?: Throttle;
  readonly dryRun: boolean;
}

/** What was done with a broker. */
interface Step {
  readonly brokerId: number;
  readonly action: 'drain' | 'uncordon' | 'remove';
  /** Replicas that it still holds. */
  readonly replicas: number;
}

const BROKERS_MAX = 1_000;
const POLL_MS = 1_000;
/** Longest wait for a drained broker's process to end. */
const STOP_TIMEOUT_MS = 600_000;

export function registerBrokerScale(parent: Command, context: CommandContext): void {
  parent
    .command('scale')
    .description(
      'make ready for another number of brokers, where their ids are counted from 0, as in a StatefulSet: those with ids of COUNT and above ' +
        'are drained, and those below that are being drained take replicas again. The processes are yours to start and stop',
    )
    .argument('<count>', 'brokers there shall be', wholeNumber(1, BROKERS_MAX))
    .addOption(new Option('--wait', 'return when those above hold nothing any more').default(false).conflicts('forget'))
    .option(
      '--forget',
      `instead of draining: wait until the drained ones have stopped, at most ${STOP_TIMEOUT_MS / 60_000} minutes, and forget them`,
      false,
    )
    .option('--throttle <bytes>', THROTTLE_HELP, throttle)
    .option('--dry-run', 'only check', false)
    .action((count: number, _local: unknown, command: Command) => scale(context, count, optionsOf<Options>(command)));
}

async function scale(context: CommandContext, count: number, options: Options): Promise<void> {
  await context.withClient(options, async (moldau) => {
    const admin = moldau.admin();
    const { brokers } = await admin.describeCluster();
    const above = brokers.filter(({ brokerId }) => brokerId >= count);
    const kept = brokers.filter(({ brokerId, draining }) => brokerId < count && draining);
    for (const { brokerId } of kept) await admin.uncordonBroker(brokerId, { dryRun: options.dryRun });
    const steps = options.forget ? await forget(context, admin, above, options) : await drain(context, admin, above, options);
    const done: readonly Step[] = [...kept.map(({ brokerId }): Step => ({ brokerId, action: 'uncordon', replicas: 0 })), ...steps];
    if (done.length === 0 && options.output !== 'json') return context.terminal.write(`nothing to do for ${count} brokers\n`);
    await print(context, options.output, done, {
      head: ['BROKER', 'ACTION', 'REPLICAS'],
      rows: done.map(({ brokerId, action, replicas }) => [String(brokerId), action, String(replicas)]),
    });
  });
}

async function drain(
  context: CommandContext,
  admin: Admin,
  brokers: readonly DescribedBroker[],
  options: Options,
): Promise<readonly Step[]> {
  const { dryRun } = options;
  if (options.throttle !== undefined && brokers.length > 0) await setThrottle(admin, options.throttle, { dryRun });
  // All are kept from new replicas first: what leaves one must not go to the next.
  for (const { brokerId } of brokers) await admin.cordonBroker(brokerId, { dryRun });
  const states = new Map<number, DrainState>();
  try {
    for (const { brokerId } of brokers) states.set(brokerId, await admin.drainBroker(brokerId, 'start', { dryRun }));
  } catch (error) {
    // They stay, so they are as they were.
    for (const { brokerId } of brokers.filter(({ cordoned, draining }) => !cordoned && !draining)) {
      await admin.uncordonBroker(brokerId, { dryRun });
    }
    throw error;
  }
  if (options.wait && !dryRun) await awaitDrained(context, admin, states);
  return [...states].map(([brokerId, { replicas }]) => ({ brokerId, action: 'drain', replicas }));
}

/** @throws MoldauError BROKER_NOT_REMOVABLE when one still runs after the wait, or holds replicas */
async function forget(
  context: CommandContext,
  admin: Admin,
  brokers: readonly DescribedBroker[],
  { dryRun }: Options,
): Promise<readonly Step[]> {
  const until = performance.now() + STOP_TIMEOUT_MS;
  for (const { brokerId } of brokers) {
    for (;;) {
      try {
        await admin.removeBroker(brokerId, { dryRun });
        break;
      } catch (caught) {
        const error = MoldauError.from(caught);
        if (error.reason === 'UNKNOWN_BROKER') break; // somebody else was quicker
        if (error.reason !== 'BROKER_NOT_REMOVABLE' || dryRun || performance.now() >= until) throw error;
        await sleep(POLL_MS, undefined, { signal: context.terminal.signal });
      }
    }
  }
  return brokers.map(({ brokerId }) => ({ brokerId, action: 'remove', replicas: 0 }));
}
