const BYTES_PER_MEGABYTE = 1024 * 1024; // as Kafka's tools count

export interface RateFigures {
  readonly records: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly megabytesPerSecond: number;
}

export function rateOf(records: number, bytes: number, milliseconds: number): RateFigures {
  const seconds = Math.max(milliseconds, 0.001) / 1000;
  return {
    records,
    bytes,
    seconds: Math.round(seconds * 1000) / 1000,
    recordsPerSecond: Math.round(records / seconds),
    megabytesPerSecond: Math.round((bytes / BYTES_PER_MEGABYTE / seconds) * 100) / 100,
  };
}

export function rateLine(figures: RateFigures): string {
  return `${figures.records.toLocaleString('en')} records, ${figures.recordsPerSecond.toLocaleString('en')} records/s (${figures.megabytesPerSecond.toLocaleString('en')} MB/s)`;
}
