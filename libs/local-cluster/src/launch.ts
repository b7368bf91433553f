import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { MoldauError } from '@moldau/kernel';
import type { MemberCommand } from './member-command.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';

/** A log that is longer is put aside as `<name>.log.1` at the next start, in place of what was there. */
const LOG_BYTES_MAX = 16 * 2 ** 20;
/** Settings of the one who starts the cluster are not its members': these have what their flags say. */
const SETTINGS = /^(MOLDAU|ETCD)_/;

/** Starts a process that outlives this one and its terminal, with its output in a log. @throws MoldauError PROCESS_NOT_STARTED */
export async function launch(
  { command, arguments: parameters }: MemberCommand,
  logPath: string,
  directory: string,
): Promise<ProcessIdentity> {
  rotate(logPath);
  const log = openSync(logPath, 'a');
  try {
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !SETTINGS.test(name)));
    const child = spawn(command, parameters, { cwd: directory, env: environment, stdio: ['ignore', log, log], detached: true });
    await once(child, 'spawn');
    child.unref();
    const pid = child.pid ?? 0;
    return identify(pid) ?? { pid, startTime: 'ended at once' };
  } catch (error) {
    const message = `${command} can't be started: ${error instanceof Error ? error.message : String(error)}`;
    throw new MoldauError('PROCESS_NOT_STARTED', message, { program: command }, { cause: error });
  } finally {
    closeSync(log);
  }
}

function rotate(path: string): void {
  try {
    if (statSync(path).size > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
  } catch {
    // There is none yet.
  }
}
