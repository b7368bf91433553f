import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, DrainState } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import { type Command, Option } from 'commander';
import { type CommandContext, type ConnectionOptions, optionsOf, print } from '../context.ts';
import { brokerId, collected } from '../input/partitions.ts';
import { createProgress } from '../output/progress.ts';
import { setThrottle, THROTTLE_HELP, type Throttle, throttle } from '../placement/throttle.ts';

interface Options extends ConnectionOptions {
  readonly cancel: boolean;
  readonly status: boolean;
  readonly wait: boolean;
  readonly throttle?: Throttle;
  readonly dryRun: boolean;
}

const POLL_MS = 1_000;

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
    if (wait && !dryRun && !cancel) await awaitEmpty(context, admin, states);
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

/** Waits until each broker holds nothing, and keeps `states` up to date. */
async function awaitEmpty(context: CommandContext, admin: Admin, states: Map<number, DrainState>): Promise<void> {
  const { terminal } = context;
  const held = (): number => [...states.values()].reduce((sum, { replicas }) => sum + replicas, 0);
  const total = held();
  const progress = createProgress(terminal, 'draining', total);
  try {
    while (held() > 0) {
      for (const [id, { draining, replicas }] of states) {
        if (replicas > 0 && !draining) {
          const facts = { broker_id: String(id), replicas: String(replicas) };
          throw new MoldauError('CONCURRENT_CHANGE', `broker ${id} is not being drained (any more), and holds ${replicas} replicas`, facts);
        }
      }
      await sleep(POLL_MS, undefined, { signal: terminal.signal });
      for (const id of states.keys()) states.set(id, await admin.drainBroker(id, 'describe', { signal: terminal.signal }));
      progress.update(Math.max(0, total - held()));
    }
  } finally {
    progress.stop();
  }
}
