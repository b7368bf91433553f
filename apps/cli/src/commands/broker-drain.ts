import type { DrainState } from '@moldau/client';
import { type Command, Option } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { brokerId, collected } from '../input/partitions.ts';
import { awaitDrained } from '../placement/await-drained.ts';
import { setThrottle, THROTTLE_HELP, type Throttle, throttle } from '../placement/throttle.ts';

interface Options extends ConnectionOptions {
  readonly cancel: boolean;
  readonly status: boolean;
  readonly wait: boolean;
  readonly throttle?: Throttle;
  readonly dryRun: boolean;
}

export function registerBrokerDrain(parent: Command, context: CommandContext): void {
  parent
    .command('drain')
    .description(
      'move all replicas of brokers to others, a bounded number at a time, and keep new ones away; it goes on until nothing is left or it is ' +
        'cancelled, across restarts of any service. Refused where too few other brokers could take them',
    )
    .argument('<id...>', 'the brokers', collected(brokerId))
    .addOption(
      new Option('--cancel', 'move no more, take back the moves under way, and let the brokers take replicas again').default(false),
    )
    .addOption(new Option('--status', 'only tell how far it is').default(false).conflicts('cancel'))
    .option('--wait', 'return when the brokers hold nothing any more', false)
    .option('--throttle <bytes>', THROTTLE_HELP, throttle)
    .option('--dry-run', 'only check', false)
    .action((ids: readonly number[], _local: unknown, command: Command) => drain(context, ids, optionsOf<Options>(command)));
}

async function drain(context: CommandContext, ids: readonly number[], options: Options): Promise<void> {
  const { cancel, status, wait, dryRun } = options;
  await context.withClient(options, async (moldau) => {
    const admin = moldau.admin();
    if (options.throttle !== undefined) await setThrottle(admin, options.throttle, { dryRun });
    const action = cancel ? 'cancel' : status ? 'describe' : 'start';
    const states = new Map<number, DrainState>();
    for (const id of ids) states.set(id, await admin.drainBroker(id, action, { dryRun }));
    if (wait && !dryRun && !cancel) await awaitDrained(context, admin, states);
    await print(
      context,
      options.output,
      [...states].map(([id, state]) => ({ brokerId: id, ...state })),
      {
        head: ['BROKER', 'DRAINING', 'REPLICAS', 'LEADERS', 'MOVING', 'STUCK'],
        rows: [...states].map(([id, { draining, replicas, leaders, moving, stuck }]) => [
          String(id),
          draining ? 'yes' : 'no',
          ...[replicas, leaders, moving, stuck].map(String),
        ]),
      },
    );
  });
}
