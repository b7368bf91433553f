import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { MemberCommand } from '@moldau/harness';

/** Where Debian and its descendants put it, by Node's name of the processor. */
const TRIPLETS: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
const INSTALL_TIMEOUT_MS = 120_000;
/** How long a process may go by what it has read before, in seconds: reading the file at each call would slow it down. */
const CACHE_S = 1;

/** Wall clocks of single processes, moved by libfaketime; monotonic clocks stay what they are. */
export interface WallClocks {
  /** The command by this member's clock, as the same process. */
  inside(member: string, command: MemberCommand): MemberCommand;
  /** Sets a member's clock so many seconds ahead of the true time, or behind it. Takes effect within a second. */
  move(member: string, seconds: number): void;
}

/** Why no clock can be moved here; undefined when it can. Installs Debian's libfaketime when root. */
export async function whyNoClocks(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'libfaketime is looked for on Linux only';
  if (existsSync(library())) return undefined;
  if (process.getuid?.() !== 0) return 'libfaketime is not installed, and only root can install it; the simulator moves clocks too';
  try {
    await promisify(execFile)('apt-get', ['install', '-y', 'libfaketime'], { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    return `libfaketime is not installed, and apt-get install libfaketime failed: ${String(error).split('\n')[0]}`;
  }
  return existsSync(library()) ? undefined : `apt-get installed libfaketime, but there is no ${library()}`;
}

/** Clocks that show the true time until they are moved; `directory` holds a file for each. */
export function createClocks(directory: string): WallClocks {
  const fileOf = (member: string): string => join(directory, `${member}.clock`);
  const move = (member: string, seconds: number): void => writeFileSync(fileOf(member), `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
  return {
    move,
    inside(member, { command, arguments: parameters }): MemberCommand {
      if (!existsSync(fileOf(member))) move(member, 0);
      const settings = [
        `LD_PRELOAD=${library()}`,
        `FAKETIME_TIMESTAMP_FILE=${fileOf(member)}`,
        `FAKETIME_CACHE_DURATION=${CACHE_S}`,
        'FAKETIME_DONT_FAKE_MONOTONIC=1',
        'FAKETIME_DONT_RESET=1',
      ];
      return { command: 'env', arguments: [...settings, command, ...parameters] };
    },
  };
}

function library(): string {
  return `/usr/lib/${TRIPLETS[process.arch] ?? process.arch}/faketime/libfaketimeMT.so.1`;
}
