import { createMoldau, type Moldau } from '@moldau/client';
import {
  createChecker,
  createRecorder,
  type HistoryVerdict,
  type OpRecorder,
  recordFinalRead,
  startReader,
  startWorkload,
  writeHistory,
} from '@moldau/harness';
import { SeededRandom } from '@moldau/testkit';
import type { ChaosCluster } from '../cluster/chaos-cluster.ts';
import { startChaosCluster } from '../cluster/start-chaos-cluster.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { progress } from './progress.ts';
import { createRunFolder, type RunFolder } from './run-folder.ts';

const TOPIC = 'chaos';
const PARTITIONS = 4;
const PRODUCERS = 2;
/** Small segments: faults meet rolls. */
const SEGMENT_BYTES = 2 ** 20;

export interface RunOptions {
  readonly rounds: number;
  readonly flush: 'sync' | 'async';
  /** Seeds what is done, and when. */
  readonly seed: number;
  /** Of each producer. Default: as many as get through. */
  readonly recordsPerSecond?: number;
  /** Default: with all runs of the repository. */
  readonly parent?: string;
  report?(line: string): void;
}

export interface RunResult {
  /** Where history, logs and seed are. */
  readonly folder: string;
  readonly verdict: HistoryVerdict;
  readonly figures: Readonly<Record<string, number>>;
}

/**
 * Runs a scenario on a cluster of its own, under load from idempotent producers and with a consumer at the tail, and checks
 * the history with a complete read at its end. @throws Error that names the folder when the run could not be finished
 */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunResult> {
  const { seed, rounds, flush } = options;
  const folder = createRunFolder({ scenario: scenario.name, seed, rounds, flush }, options.parent);
  try {
    return await runIn(folder, scenario, options);
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${scenario.name} with seed ${seed} could not be finished: ${what}; see ${folder.path}`, { cause });
  }
}

async function runIn(folder: RunFolder, scenario: Scenario, options: RunOptions): Promise<RunResult> {
  using file = writeHistory(folder.history);
  const checker = createChecker();
  const recorder = createRecorder({
    topic: TOPIC,
    record: (op) => {
      file.write(op);
      checker.add(op);
    },
  });
  const figures: Record<string, number> = {};
  await using cluster = await startChaosCluster(scenario.needs);
  try {
    await hurt(cluster, scenario, { options, recorder, figures });
  } finally {
    folder.keepLogs(cluster.logs());
  }
  const verdict = checker.verdict();
  folder.keepVerdict(verdict, figures);
  return { folder: folder.path, verdict, figures };
}

interface Hurting {
  readonly options: RunOptions;
  readonly recorder: OpRecorder;
  readonly figures: Record<string, number>;
}

async function hurt(cluster: ChaosCluster, scenario: Scenario, { options, recorder, figures }: Hurting): Promise<void> {
  await using moldau = createMoldau({ bootstrap: cluster.bootstrap });
  await createTopic(moldau, options.flush);
  const { recordsPerSecond } = options;
  const common = { moldau, topic: TOPIC, partitions: PARTITIONS, history: recorder };
  const producers = Array.from({ length: PRODUCERS }, (_, index) =>
    startWorkload({ ...common, producer: `p${index}`, ...(recordsPerSecond === undefined ? {} : { recordsPerSecond }) }),
  );
  const reader = startReader({ ...common, consumer: 'tail' });
  const random = new SeededRandom(options.seed);
  const figure = (name: string, value: number): void => {
    figures[name] = Math.max(figures[name] ?? 0, Math.round(value));
  };
  for (let round = 0; round < options.rounds; round++) {
    await progress(() => recorder.count('ok'));
    await scenario.round({ cluster, moldau, topic: TOPIC, recorder, random, round, figure });
    const soFar = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
    options.report?.([`round ${round + 1}: ${recorder.count('ok')} records acknowledged`, ...soFar].join(', '));
  }
  await progress(() => recorder.count('ok'));
  await Promise.all(producers.map((producer) => producer.stop()));
  await reader.stop();
  await recordFinalRead({ ...common, consumer: 'final' });
}

async function createTopic(moldau: Moldau, flush: RunOptions['flush']): Promise<void> {
  const configs = { flush, 'segment.bytes': String(SEGMENT_BYTES), 'min.insync.replicas': '1' };
  const [created] = await moldau.admin().createTopics([{ name: TOPIC, partitions: PARTITIONS, replicationFactor: 1, configs }]);
  if (created?.error !== undefined) throw created.error;
}
