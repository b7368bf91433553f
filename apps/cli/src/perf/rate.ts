import type { LatencyFigures, Throughput } from '@moldau/load';

const THREE_DIGITS = 1000;
const TWO_DIGITS = 100;

/** Throughput as it is printed. */
export interface RateFigures {
  readonly records: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
}

export function rateOf({ records, bytes, seconds, recordsPerSecond, megabytesPerSecond }: Throughput): RateFigures {
  return {
    records,
    bytes,
    seconds: Math.round(seconds * THREE_DIGITS) / THREE_DIGITS,
    recordsPerSecond: Math.round(recordsPerSecond),
    megabytesPerSecond: Math.round(megabytesPerSecond * TWO_DIGITS) / TWO_DIGITS,
  };
}

export function rateLine(figures: RateFigures): string {
  return `${figures.records.toLocaleString('en')} records, ${figures.recordsPerSecond.toLocaleString('en')} records/s (${figures.megabytesPerSecond.toLocaleString('en')} MB/s)`;
}

/** Average, percentiles and the longest, in the words of Kafka's tools. */
export function percentilesLine({ average, p50, p95, p99, p999, max }: LatencyFigures, what = ''): string {
  return `${average} ms avg${what}, ${p50} ms 50th, ${p95} ms 95th, ${p99} ms 99th, ${p999} ms 99.9th, ${max} ms max`;
}
