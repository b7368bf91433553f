import { createMoldau, type Moldau } from '@moldau/client';
import {
  createChecker,
  createRecorder,
  type HistoryVerdict,
  type OpRecorder,
  type RunningReader,
  type RunningWorkload,
  recordFinalRead,
  startReader,
  startWorkload,
  writeHistory,
} from '@moldau/harness';
import { SeededRandom } from '@moldau/testkit';
import { type ReplicatedTopic, recordReplicas, whyNotEqual, whyNotInSync } from '../check/replicas.ts';
import { type ChaosCluster, type ClusterShape, factorOf } from '../cluster/chaos-cluster.ts';
import { startChaosCluster } from '../cluster/start-chaos-cluster.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { eventually, progress } from './progress.ts';
import { createRunFolder, type RunFolder, shownPath } from './run-folder.ts';

const TOPIC = 'chaos';
const PARTITIONS = 4;
const PRODUCERS = 4;
/** Small segments: faults meet rolls. */
const SEGMENT_BYTES = 2 ** 20;
/** Of each producer, where several brokers share a machine: faults are to be met by records, not by a full queue. */
const REPLICATED_RATE = 100;
/** Longest wait for all replicas to be in sync after a round's faults have ended. */
const SYNC_TIMEOUT_MS = 90_000;

export interface RunOptions {
  readonly rounds: number;
  readonly flush: 'sync' | 'async';
  /** Seeds what is done, and when. */
  readonly seed: number;
  /** Of each producer. Default: a hundred with three replicas, else as many as get through. */
  readonly recordsPerSecond?: number;
  /** Default: what the scenario needs. */
  readonly shape?: ClusterShape;
  /** Whether faults last as long as the design's list has them. Default false. */
  readonly long?: boolean;
  /** Default: with all runs of the repository. */
  readonly parent?: string;
  report?(line: string): void;
}

export interface RunResult {
  /** Where history, logs and seed are. */
  readonly folder: string;
  readonly verdict: HistoryVerdict;
  /** What is wrong with the files of replicas. */
  readonly findings: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
  /** Faults that were begun. */
  readonly faults: number;
}

/**
 * Runs a scenario on a cluster of its own, under load from idempotent producers and with a consumer at the tail. After each round
 * all replicas must be in sync and equal byte by byte; at the end the brokers stop, and the history is checked with a complete read
 * by a consumer and one of the files of every replica. @throws Error that names the folder when the run could not be finished
 */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunResult> {
  const { seed, rounds, flush } = options;
  const folder = createRunFolder({ scenario: scenario.name, seed, rounds, flush }, options.parent);
  try {
    return await runIn(folder, scenario, options);
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${scenario.name} with seed ${seed} could not be finished: ${what}; see ${shownPath(folder.path)}`, { cause });
  }
}

async function runIn(folder: RunFolder, scenario: Scenario, options: RunOptions): Promise<RunResult> {
  using file = writeHistory(folder.history);
  const checker = createChecker();
  let faults = 0;
  // A run that fails leaves producers behind, whose last outcomes have nowhere to go.
  let over = false;
  const recorder = createRecorder({
    topic: TOPIC,
    record: (op) => {
      if (over) return;
      if (op.f === 'nemesis' && op.phase === 'begin') faults += 1;
      file.write(op);
      checker.add(op);
    },
  });
  const figures: Record<string, number> = {};
  const shape = options.shape ?? scenario.needs;
  let findings: readonly string[];
  await using cluster = await startChaosCluster(shape);
  try {
    findings = await hurt(cluster, scenario, { options, recorder, figures, factor: factorOf(shape) });
  } finally {
    over = true;
    folder.keepLogs(cluster.logs());
  }
  const verdict = checker.verdict();
  folder.keepVerdict(verdict, figures, findings);
  return { folder: folder.path, verdict, findings, figures, faults };
}

interface Hurting {
  readonly options: RunOptions;
  readonly recorder: OpRecorder;
  readonly figures: Record<string, number>;
  readonly factor: number;
}

/** Answers with what is wrong with the files of replicas. */
async function hurt(cluster: ChaosCluster, scenario: Scenario, hurting: Hurting): Promise<readonly string[]> {
  const { options, recorder, figures, factor } = hurting;
  await using moldau = createMoldau({ bootstrap: cluster.bootstrap });
  const topic = await createTopic(moldau, options.flush, factor);
  const { producers, reader } = startClients(moldau, hurting);
  const random = new SeededRandom(options.seed);
  const figure = (name: string, value: number): void => {
    figures[name] = Math.max(figures[name] ?? 0, Math.round(value));
  };
  const ok = (): number => recorder.count('ok');
  const fixed = { cluster, moldau, topic: TOPIC, partitions: PARTITIONS, recorder, random, figure, long: options.long ?? false };
  for (let round = 0; round < options.rounds; round++) {
    await progress(ok);
    await scenario.round({ ...fixed, round });
    const endedAt = performance.now();
    await progress(ok);
    figure('resumedMsMax', performance.now() - endedAt);
    await inSync(moldau, topic);
    figure('inSyncMsMax', performance.now() - endedAt);
    await Promise.all(producers.map((producer) => producer.pause()));
    await equal(cluster, moldau, topic);
    for (const producer of producers) producer.resume();
    const soFar = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
    options.report?.([`round ${round + 1}: ${ok()} records acknowledged`, ...soFar].join(', '));
  }
  await progress(ok);
  await Promise.all(producers.map((producer) => producer.stop()));
  await reader.stop();
  await inSync(moldau, topic);
  await recordFinalRead({ moldau, topic: TOPIC, partitions: PARTITIONS, history: recorder, consumer: 'final' });
  await Promise.all(cluster.brokers.map((broker) => broker.stop()));
  return recordReplicas(cluster, topic, recorder);
}

function startClients(
  moldau: Moldau,
  { options, recorder, factor }: Hurting,
): { readonly producers: readonly RunningWorkload[]; readonly reader: RunningReader } {
  const recordsPerSecond = options.recordsPerSecond ?? (factor > 1 ? REPLICATED_RATE : undefined);
  const common = { moldau, topic: TOPIC, partitions: PARTITIONS, history: recorder };
  const producers = Array.from({ length: PRODUCERS }, (_, index) =>
    startWorkload({ ...common, producer: `p${index}`, ...(recordsPerSecond === undefined ? {} : { recordsPerSecond }) }),
  );
  return { producers, reader: startReader({ ...common, consumer: 'tail' }) };
}

async function inSync(moldau: Moldau, topic: ReplicatedTopic): Promise<void> {
  let why: string | undefined = 'nobody has said so';
  await eventually(
    async () => (why = await whyNotInSync(moldau, topic)) === undefined,
    () => `replicas are not in sync ${SYNC_TIMEOUT_MS} ms after the faults: ${why}`,
    SYNC_TIMEOUT_MS,
  );
}

/** While nobody writes; a leader that moves meanwhile may make replicas catch up once more. */
async function equal(cluster: ChaosCluster, moldau: Moldau, topic: ReplicatedTopic): Promise<void> {
  let why: string | undefined;
  await eventually(
    async () => (why = (await whyNotInSync(moldau, topic)) ?? whyNotEqual(cluster, topic)) === undefined,
    () => `replicas are not equal while nobody writes: ${why}`,
  );
}

async function createTopic(moldau: Moldau, flush: RunOptions['flush'], factor: number): Promise<ReplicatedTopic> {
  const configs = { flush, 'segment.bytes': String(SEGMENT_BYTES), 'min.insync.replicas': String(factor > 1 ? factor - 1 : 1) };
  const [created] = await moldau.admin().createTopics([{ name: TOPIC, partitions: PARTITIONS, replicationFactor: factor, configs }]);
  if (created?.error !== undefined) throw created.error;
  return { name: TOPIC, topicId: created?.topicId ?? '', partitions: PARTITIONS, factor };
}
