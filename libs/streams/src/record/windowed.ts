/** A stretch of event time, in ms since the Unix epoch. Of time windows `endMs` is outside; of sessions it is their last record's time. */
export interface TimeWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** The key of a windowed result. */
export interface Windowed<K> {
  readonly key: K;
  readonly window: TimeWindow;
}
