import type { ThroughputResult } from './protocol.ts';

const BYTES_PER_MEGABYTE = 1024 * 1024;
const MICROSECONDS_PER_SECOND = 1e6;

/** Wall and CPU time from now on. */
export function startWatch(): (records: number, bytes: number) => ThroughputResult {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  return (records, bytes) => {
    const seconds = (performance.now() - startedAt) / 1000;
    const used = process.cpuUsage(cpu);
    return {
      recordsPerSecond: records / seconds,
      megabytesPerSecond: bytes / BYTES_PER_MEGABYTE / seconds,
      seconds,
      cpuSeconds: (used.user + used.system) / MICROSECONDS_PER_SECOND,
    };
  };
}
