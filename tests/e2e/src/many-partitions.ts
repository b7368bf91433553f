import { openFiles } from './fixture/open-files.ts';
import { runManyPartitions } from './scale/run-many-partitions.ts';

/** `npm run test:scale`: 10,000 partitions in one standalone, ready within 15 s, and produce over all of them works. */
const PARTITIONS = Number(process.argv[2] ?? 10_000);
const READY_MS_MAX = 15_000;
const ROUNDS = 3;

const result = await runManyPartitions(PARTITIONS, openFiles);
process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
const faults = [
  ...(result.restartMs > READY_MS_MAX ? [`ready after ${Math.round(result.restartMs)} ms, at most ${READY_MS_MAX} are allowed`] : []),
  ...(result.restartAfterKillMs > READY_MS_MAX ? [`ready after kill -9 after ${Math.round(result.restartAfterKillMs)} ms`] : []),
  ...(result.read === PARTITIONS * ROUNDS ? [] : [`${result.read} records, ${PARTITIONS * ROUNDS} were acknowledged`]),
];
for (const fault of faults) process.stdout.write(`${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
