const BYTES_PER_MEGABYTE = 1024 * 1024; // as Kafka's tools count
const MS_PER_SECOND = 1000;
const MICROSECONDS_PER_SECOND = 1e6;
/** The clock's own step: nothing is divided by less. */
const SECONDS_MIN = 1e-6;

/** How much was done in how long. */
export interface Throughput {
  readonly records: number;
  /** Of values and keys. */
  readonly bytes: number;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
  /** CPU time of this process, user and system. */
  readonly cpuSeconds: number;
}

/** Wall and CPU time from now on; the function it returns tells what was done since. */
export function startStopwatch(): (records: number, bytes: number) => Throughput {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  return (records, bytes) => {
    const seconds = Math.max((performance.now() - startedAt) / MS_PER_SECOND, SECONDS_MIN);
    const used = process.cpuUsage(cpu);
    return {
      records,
      bytes,
      seconds,
      recordsPerSecond: records / seconds,
      megabytesPerSecond: bytes / BYTES_PER_MEGABYTE / seconds,
      cpuSeconds: (used.user + used.system) / MICROSECONDS_PER_SECOND,
    };
  };
}
