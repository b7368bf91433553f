import { setTimeout as sleep } from 'node:timers/promises';
import { createMoldau } from '@moldau/client';

/** Reads a topic as a member of a group, until it is stopped or killed: `group-reader.ts BOOTSTRAP TOPIC GROUP CLIENT-ID`. */
const COMMIT_INTERVAL_MS = 100;
/** Work on each batch: faults are to meet commits. */
const WORK_MS = 5;

const [bootstrap = '', topic = '', group = '', clientId = ''] = process.argv.slice(2);

await using moldau = createMoldau({ bootstrap, clientId });
const consumer = moldau.consumer({
  group,
  topics: [topic],
  autoCommitIntervalMs: COMMIT_INTERVAL_MS,
  onCommitFailed: ({ message }) => process.stderr.write(`a commit failed: ${message}\n`),
});
process.once('SIGTERM', () => void consumer.close());
for await (const _ of consumer.batches()) {
  await sleep(WORK_MS);
}
