import { createMoldau, type Moldau } from '@moldau/client';
import { consumeLoad, copyLoad, latencyLoad, newestRecords, produceLoad, type Throughput, transactionLoad } from '@moldau/load';
import { GroupStubs } from '../groups/group-stubs.ts';
import { ReadingMembers } from '../groups/reading-members.ts';
import type { Answer, Task } from './protocol.ts';

/** Of the latency run: the first ones pay for connections and compilation. */
const WARM_UP_SHARE = 0.2;
/** Thousands of partitions take their time. */
const REQUEST_TIMEOUT_MS = 120_000;

let moldau: Moldau | undefined;
let stubs: GroupStubs | undefined;
let readers: ReadingMembers | undefined;
let bootstrap = '';

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
    bootstrap = task.bootstrap;
    moldau = createMoldau({ bootstrap, clientId: 'bench', requestTimeoutMs: REQUEST_TIMEOUT_MS });
    await moldau.admin().describeCluster();
    return null;
  }
  if (moldau === undefined) throw new Error('connect first');
  switch (task.kind) {
    case 'produce':
      return (await produceLoad(moldau, task)).throughput;
    case 'consume':
      return consume(moldau, task);
    case 'transactions':
      return transactionLoad(moldau, task);
    case 'copy':
      return copyLoad(moldau, task);
    case 'stub-join':
    case 'stub-look':
    case 'stub-leave':
    case 'stub-commit':
    case 'group-commit':
    case 'group-await':
      stubs ??= new GroupStubs(bootstrap);
      return stubs.perform(task);
    case 'read-join':
    case 'read-leave':
    case 'read-report':
      readers ??= new ReadingMembers(moldau);
      return readers.perform(task);
    case 'latency':
      return latencyLoad(moldau, { ...task, warmUpRecords: Math.ceil(task.records * WARM_UP_SHARE) });
  }
}

async function consume(moldau: Moldau, { topic, records, newest }: Extract<Task, { kind: 'consume' }>): Promise<Throughput> {
  const wanted =
    newest === true ? await newestRecords(moldau, topic, records) : { assignment: [{ topic, from: 'earliest' as const }], records };
  return (await consumeLoad(moldau, wanted)).throughput;
}
