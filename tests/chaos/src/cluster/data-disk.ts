import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { scratchDirectory } from '@moldau/harness';

/** Why no file system can be mounted here; undefined when one can. */
export function whyNoDisks(): string | undefined {
  if (process.platform !== 'linux') return 'tmpfs is there on Linux only';
  if (process.getuid?.() !== 0) return 'only root can mount a file system';
  using scratch = scratchDirectory('mount');
  try {
    mountDisk(scratch.path, 1)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return `mounting a tmpfs failed: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
  }
}

/** Mounts a file system of this size in memory over a directory, which is made when it is missing. */
export function mountDisk(path: string, sizeMib: number): Disposable {
  mkdirSync(path, { recursive: true });
  const run = (command: string, ...parameters: readonly string[]): void =>
    void execFileSync(command, [...parameters, path], { stdio: ['ignore', 'ignore', 'pipe'] });
  run('mount', '-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs');
  return { [Symbol.dispose]: () => run('umount', '--lazy') };
}
