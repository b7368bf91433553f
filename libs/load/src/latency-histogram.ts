import { build, type Histogram } from 'hdr-histogram-js';

const MICROSECONDS = 1000;
/** Ten minutes; what takes longer counts as that. */
const HIGHEST_MICROSECONDS = 600_000_000;

/** Latencies in milliseconds, kept to three digits. All are 0 when nothing was recorded. */
export interface LatencyFigures {
  readonly average: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Counts latencies in constant memory. */
export class LatencyHistogram {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_MICROSECONDS,
    numberOfSignificantValueDigits: 3,
  });

  record(milliseconds: number): void {
    this.#histogram.recordValue(Math.min(HIGHEST_MICROSECONDS, Math.max(1, Math.round(milliseconds * MICROSECONDS))));
  }

  figures(): LatencyFigures {
    const max = this.#histogram.maxValue;
    // A percentile is the upper edge of its bucket, which may lie above all that was recorded.
    const at = (percentile: number): number => rounded(Math.min(max, this.#histogram.getValueAtPercentile(percentile)) / MICROSECONDS);
    return {
      average: rounded(this.#histogram.mean / MICROSECONDS),
      p50: at(50),
      p95: at(95),
      p99: at(99),
      p999: at(99.9),
      max: rounded(max / MICROSECONDS),
    };
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * MICROSECONDS) / MICROSECONDS;
}
