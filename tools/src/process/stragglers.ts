import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a process that was left behind may take to end by itself before it is killed. */
const GRACE_MS = 1_000;
const POLL_MS = 50;

/**
 * Kills every process whose environment holds `marker` (`NAME=value`): children inherit it, also those that left their
 * process group. Answers with the command lines of those that had to be killed. Only Linux shows environments; elsewhere
 * it does nothing.
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
  return processIds().filter((pid) => pid !== process.pid && read(`/proc/${pid}/environ`).split('\0').includes(marker));
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
