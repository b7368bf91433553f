import { createMoldau, type Moldau } from '@moldau/client';
import { consume } from './consume.ts';
import { measureLatency } from './latency.ts';
import { produce } from './produce.ts';
import type { Answer, Task } from './protocol.ts';

let moldau: Moldau | undefined;

process.on('message', (task: Task) => {
  perform(task).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));

function answer(message: Answer): void {
  process.send?.(message);
}

async function perform(task: Task): Promise<unknown> {
  if (task.kind === 'connect') {
    moldau = createMoldau({ bootstrap: task.bootstrap, clientId: 'bench' });
    await moldau.admin().describeCluster();
    return null;
  }
  if (moldau === undefined) throw new Error('connect first');
  switch (task.kind) {
    case 'produce':
      return produce(moldau, task);
    case 'consume':
      return consume(moldau, task);
    case 'latency':
      return measureLatency(moldau, task);
  }
}
