import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from '@moldau/client';
import { MoldauError } from '@moldau/kernel';
import { readPartitions } from '../health/partition-state.ts';
import type { Move } from '../input/partitions.ts';
import { partitionName } from '../output/outcomes.ts';
import { createProgress } from '../output/progress.ts';
import type { Terminal } from '../terminal.ts';

const POLL_MS = 500;

/**
 * Waits until none of these partitions is being moved. The moves themselves need nobody to wait.
 *
 * @throws MoldauError CONCURRENT_CHANGE where one ended elsewhere: it was taken back, or another followed
 */
export async function awaitMoves(admin: Admin, terminal: Terminal, moves: readonly Move[]): Promise<void> {
  const topics = [...new Set(moves.map(({ topic }) => topic))];
  const names = new Set(moves.map(partitionName));
  const progress = createProgress(terminal, 'moving', names.size);
  try {
    for (;;) {
      const moving = await readPartitions(admin, topics, 'reassigning');
      const left = moving.filter((state) => names.has(partitionName(state))).length;
      progress.update(names.size - left);
      if (left === 0) break;
      await sleep(POLL_MS, undefined, { signal: terminal.signal });
    }
  } finally {
    progress.stop();
  }
  const now = new Map((await readPartitions(admin, topics)).map((state) => [partitionName(state), state.replicas.join(',')]));
  for (const move of moves) {
    const name = partitionName(move);
    const replicas = now.get(name) ?? 'none';
    const limit = move.replicas.join(',');
    if (replicas === limit) continue;
    throw new MoldauError('CONCURRENT_CHANGE', `${name} ended with replicas ${replicas}, not ${limit}: somebody else moved it too`, {
      topic: move.topic,
      partition: String(move.partition),
      value: replicas,
      limit,
    });
  }
}
