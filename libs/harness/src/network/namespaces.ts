import { setTimeout as sleep } from 'node:timers/promises';
import { ip, ipAtExit } from './ip-command.ts';
import { isLeftOver } from './namespace-name.ts';

/** Between killing a namespace's processes and looking whether they are gone. */
const POLL_MS = 20;
/** Longest wait for killed processes: one in the middle of a slow write ends after it. */
const KILL_MS_MAX = 10_000;

/** Namespaces of this process that are there: deleted when it ends. */
const living = new Set<string>();
let guarded = false;

/** Makes a namespace with its loopback up. Its name is in `namespaceName`. */
export async function addNamespace(name: string): Promise<void> {
  guard();
  await ip('netns', 'add', name);
  living.add(name);
  await ip('-n', name, 'link', 'set', 'lo', 'up');
}

/** Kills what runs in it, and deletes it with its interfaces and their other ends. */
export async function deleteNamespace(name: string): Promise<void> {
  const deadline = performance.now() + KILL_MS_MAX;
  for (let left = await processesIn(name); left.length > 0; left = await processesIn(name)) {
    if (performance.now() > deadline) throw new Error(`processes in ${name} do not end: ${left.join(', ')}`);
    kill(left);
    await sleep(POLL_MS);
  }
  await ip('netns', 'delete', name);
  living.delete(name);
}

/** Deletes the namespaces of processes that died before they could. */
export async function sweepNamespaces(): Promise<void> {
  for (const name of namesIn(await ip('netns', 'list')).filter(isLeftOver)) {
    // Another run may be sweeping too: what is gone meanwhile is none of our business.
    await deleteNamespace(name).catch(async (error: unknown) => {
      if (namesIn(await ip('netns', 'list')).includes(name)) throw error;
    });
  }
}

function namesIn(list: string): readonly string[] {
  return list
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name !== '');
}

async function processesIn(name: string): Promise<readonly number[]> {
  return pidsIn(await ip('netns', 'pids', name));
}

function pidsIn(text: string): readonly number[] {
  return text.split('\n').filter(Boolean).map(Number);
}

function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

function guard(): void {
  if (guarded) return;
  guarded = true;
  process.once('exit', () => {
    for (const name of living) {
      kill(pidsIn(ipAtExit('netns', 'pids', name)));
      ipAtExit('netns', 'delete', name);
    }
  });
}
