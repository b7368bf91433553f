import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process that was started once: the number alone may belong to another one by now. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, as the system tells it: compared, never read. */
  readonly startTime: string;
}

/** Fields of `/proc/<pid>/stat` behind the name in brackets: the state comes first (proc(5) counts it as 3), the start time is 22. */
const STATE_FIELD = 0;
const START_TIME_FIELD = 22 - 3;
/** A process that has ended and that its parent has not asked about. */
const ZOMBIE = 'Z';

/** The process of this number, or undefined when there is none, or when it has ended. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = process.platform === 'linux' ? startTimeOnLinux(pid) : startTimeElsewhere(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether this very process lives. */
export function isRunning(identity: ProcessIdentity | null): boolean {
  return identity !== null && identify(identity.pid)?.startTime === identity.startTime;
}

/** Sends a signal to this very process; false when it has ended, whoever has its number now. */
export function sendSignal(identity: ProcessIdentity | null, signal: NodeJS.Signals): boolean {
  if (identity === null || !isRunning(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false; // it has just ended
    throw error;
  }
}

/** The clock of `/proc` begins anew at each boot, so the boot belongs to it. */
function startTimeOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[STATE_FIELD] === ZOMBIE) return undefined;
    return `${fields[START_TIME_FIELD]}@${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch {
    return undefined;
  }
}

function startTimeElsewhere(pid: number): string | undefined {
  try {
    const lines = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const [state = '', ...start] = lines.trim().split(/\s+/);
    return state === '' || state.startsWith(ZOMBIE) ? undefined : start.join(' ');
  } catch {
    return undefined;
  }
}
