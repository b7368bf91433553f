import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

/** Longest run of `ip` or `tc`: each changes one thing in the kernel. */
const TIMEOUT_MS = 10_000;

/** Why no network namespaces can be made here; undefined when they can. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'network namespaces are there on Linux only';
  if (process.getuid?.() !== 0) return 'only root can make network namespaces';
  const probe = `moldau-probe-${process.pid}`;
  try {
    await ip('netns', 'add', probe);
    await ip('netns', 'delete', probe);
    return undefined;
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return absent ? 'ip (iproute2) is not installed' : `making a network namespace failed: ${firstLine(error)}`;
  }
}

/** Runs `ip`; answers with what it prints. @throws Error with what it says when it fails */
export async function ip(...parameters: readonly string[]): Promise<string> {
  return run('ip', parameters);
}

/** Runs `tc`. @throws Error with what it says when it fails */
export async function tc(...parameters: readonly string[]): Promise<string> {
  return run('tc', parameters);
}

/** Runs `ip` at the end of the process, when nothing can be waited for; a failure is nobody's any more. */
export function ipAtExit(...parameters: readonly string[]): string {
  try {
    return execFileSync('ip', [...parameters], { encoding: 'utf8', timeout: TIMEOUT_MS, stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}

async function run(command: string, parameters: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, [...parameters], { timeout: TIMEOUT_MS });
  return stdout;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return text.trim().split('\n')[0] ?? '';
}
