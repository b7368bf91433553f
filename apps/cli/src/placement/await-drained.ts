import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, DrainState } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import type { CommandContext } from '../context.ts';
import { createProgress } from '../output/progress.ts';

const POLL_MS = 1_000;

/**
 * Waits until each broker holds nothing, and keeps `states` up to date.
 *
 * @throws MoldauError CONCURRENT_CHANGE when somebody has called a drain off
 */
export async function awaitDrained(context: CommandContext, admin: Admin, states: Map<number, DrainState>): Promise<void> {
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
