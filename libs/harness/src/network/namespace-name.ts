import { readFileSync } from 'node:fs';

/**
 * Names of namespaces say which process made them, by its number and its start time, so that the next run finds those
 * of a process that died: `moldau-<pid>-<start>-<network>-<node>`.
 */
export function namespaceName(network: number, node: string): string {
  return `moldau-${process.pid}-${startTime(process.pid)}-${network}-${node}`;
}

/** Whether this is the name of a namespace of ours whose process has ended. */
export function isLeftOver(name: string): boolean {
  const match = /^moldau-(\d+)-(\d+)-\d+-/.exec(name);
  return match !== null && startTime(Number(match[1])) !== match[2];
}

/** In ticks since the machine started; empty when there is no such process. */
function startTime(pid: number): string {
  try {
    // The second field, the command in parentheses, may hold anything: the 22nd is the 20th after its end.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
