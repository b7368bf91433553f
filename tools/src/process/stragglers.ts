import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a process that was left behind may take to end by itself before it is killed. */
const GRACE_MS = 1_000;
const POLL_MS = 50;

/** The environment variable that marks a child and, because they inherit it, all that it starts. */
export const MARKER_VARIABLE = 'TEST_RUN_MARKER';

/** The variable's value for a child: the marks this process bears itself, and the child's own. */
export function withMarker(inherited: string | undefined, marker: string): string {
  return inherited === undefined ? marker : `${inherited},${marker}`;
}

/**
 * Kills every process that bears the mark, also those that left their process group. Answers with the command lines of
 * those that had to be killed. Only Linux shows environments; elsewhere it does nothing.
 */
export async function killMarked(marker: string): Promise<readonly string[]> {
  const left = await remaining(marker);
  const commands = left.map(commandOf);
  for (const pid of left) kill(pid);
  if (left.length > 0) await remaining(marker);
  return commands;
}

/** Those that have not ended by themselves within the grace. */
async function remaining(marker: string): Promise<readonly number[]> {
  const deadline = performance.now() + GRACE_MS;
  let left = findMarked(marker);
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(POLL_MS);
    left = findMarked(marker);
  }
  return left;
}

function findMarked(marker: string): readonly number[] {
  return processIds().filter((pid) => pid !== process.pid && isMarked(read(`/proc/${pid}/environ`), marker));
}

function isMarked(environment: string, marker: string): boolean {
  const entry = environment.split('\0').find((line) => line.startsWith(`${MARKER_VARIABLE}=`));
  return (
    entry
      ?.slice(MARKER_VARIABLE.length + 1)
      .split(',')
      .includes(marker) ?? false
  );
}

function processIds(): readonly number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function commandOf(pid: number): string {
  return `${pid} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()}`;
}

/** The file's text; empty when the process ended meanwhile or belongs to somebody else. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
