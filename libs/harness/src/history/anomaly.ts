/**
 * What can be wrong with a history, in the words of Jepsen's checker for Kafka:
 * - `lost-write`: acknowledged at an offset at or below the highest one read, and read by nobody;
 * - `unseen`: acknowledged above the highest offset read; or read once, and beyond the end of a later final read;
 * - `duplicate`: one value at two offsets;
 * - `inconsistent-offsets`: two values at one offset, or a value at another offset than it was acknowledged at;
 * - `G1a`: a value was read whose send surely failed, or whose transaction was aborted;
 * - `precommitted-read`: a transaction read what it had itself sent;
 * - `int-poll-skip`, `int-nonmonotonic-poll`: within one poll, records that others have read are left out, or the order is
 *   not that of the log;
 * - `poll-skip`, `nonmonotonic-poll`: the same from one poll of a consumer to its next, or at its beginning;
 * - `int-nonmonotonic-send`: sends of one op lie in another order than they were sent in;
 * - `int-send-skip`: between them lie values of others;
 * - `nonmonotonic-send`: the same as the former between the ops of one producer;
 * - `G0-realtime`: a send that began after another had been acknowledged lies before it;
 * and two that Jepsen has no word for:
 * - `altered`: a value with other bytes than were sent;
 * - `phantom`: a value that nobody sent, or not to there.
 */
export const ANOMALY_NAMES = [
  'lost-write',
  'unseen',
  'duplicate',
  'inconsistent-offsets',
  'G1a',
  'precommitted-read',
  'int-poll-skip',
  'int-nonmonotonic-poll',
  'poll-skip',
  'nonmonotonic-poll',
  'int-nonmonotonic-send',
  'int-send-skip',
  'nonmonotonic-send',
  'G0-realtime',
  'altered',
  'phantom',
] as const;

export type AnomalyName = (typeof ANOMALY_NAMES)[number];

/** One thing that is wrong. */
export interface Anomaly {
  readonly name: AnomalyName;
  readonly key: string;
  readonly offset: number | undefined;
  readonly value: number | string | undefined;
  readonly detail: string;
}

/** How the clients of a history worked. */
export interface Workload {
  /** Default `assign`. Under `subscribe` a rebalance may move a consumer. */
  readonly consumers?: 'assign' | 'subscribe';
}

/**
 * The anomalies that are none for this kind of work. Ops may interleave in the log, so there may be others' values between
 * theirs. A consumer that subscribes may be moved; one that was assigned its partitions proceeds in order.
 */
export function allowedAnomalies(workload: Workload = {}): ReadonlySet<AnomalyName> {
  return new Set<AnomalyName>(workload.consumers === 'subscribe' ? ['int-send-skip', 'poll-skip', 'nonmonotonic-poll'] : ['int-send-skip']);
}

/** Takes what the checks find: all are counted, the first of each name are kept. */
export type Report = (anomaly: Anomaly) => void;
