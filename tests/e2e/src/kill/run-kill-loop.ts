import { setTimeout as sleep } from 'node:timers/promises';
import { createMoldau } from '@moldau/client';
import { checkHistory, createHistory, type LogAnomaly, type Read, spawnStandalone } from '@moldau/harness';
import { readAll } from '../fixture/read-all.ts';
import { createTopic } from '../fixture/topic.ts';
import { startWorkload } from './workload.ts';

const TOPIC = 'killed';
const PARTITIONS = 4;
const PRODUCERS = 2;
/** How long the broker works before it is killed: from its first write to some rounds of group commit. */
const UPTIME_MS = { min: 50, max: 600 };

export interface KillLoopOptions {
  readonly kills: number;
  readonly flush: 'sync' | 'async';
  /** Seeds the moments of the kills. */
  readonly seed: number;
  /** Small segments: kills meet rolls. Default 1 MiB. */
  readonly segmentBytes?: number;
  report?(line: string): void;
}

export interface KillLoopResult {
  readonly kills: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly failed: number;
  readonly read: number;
  /** Longest time from spawning the broker again to its being ready, in ms. */
  readonly restartMsMax: number;
  readonly anomalies: readonly LogAnomaly[];
}

/** Kills a standalone with SIGKILL under load, again and again, and reads everything back at the end. */
export async function runKillLoop(options: KillLoopOptions): Promise<KillLoopResult> {
  await using server = await spawnStandalone();
  const moldau = createMoldau({ bootstrap: server.address });
  const configs = { flush: options.flush, 'segment.bytes': String(options.segmentBytes ?? 2 ** 20) };
  await createTopic(moldau, TOPIC, { partitions: PARTITIONS, configs });
  const history = createHistory();
  const workloads = Array.from({ length: PRODUCERS }, (_, index) =>
    startWorkload({ moldau, topic: TOPIC, partitions: PARTITIONS, producer: `p${index}`, history }),
  );
  const random = generator(options.seed);
  let restartMsMax = 0;
  for (let kill = 1; kill <= options.kills; kill++) {
    await progress(() => history.count('ok'));
    await sleep(UPTIME_MS.min + random() * (UPTIME_MS.max - UPTIME_MS.min));
    await server.kill();
    await server.restart();
    restartMsMax = Math.max(restartMsMax, server.spawnToReadyMs);
    options.report?.(
      `kill ${kill}: ${history.count('ok')} records acknowledged, ready again after ${Math.round(server.spawnToReadyMs)} ms`,
    );
  }
  await progress(() => history.count('ok'));
  await Promise.all(workloads.map((workload) => workload.stop()));
  const reads = await readBack(moldau);
  await moldau.close();
  return {
    kills: options.kills,
    acknowledged: history.count('ok'),
    unknown: history.count('info'),
    failed: history.count('fail'),
    read: reads.length,
    restartMsMax,
    anomalies: checkHistory(history.sends(), reads),
  };
}

async function readBack(moldau: ReturnType<typeof createMoldau>): Promise<readonly Read[]> {
  const records = await readAll(moldau, TOPIC);
  return records.map(({ partition, offset, value }) => ({ partition, offset, value }));
}

/** Longest wait for the producers to get through after a restart. */
const PROGRESS_TIMEOUT_MS = 60_000;
const POLL_MS = 10;

/** Waits until the count rises: the producers have found the broker again. */
async function progress(count: () => number): Promise<void> {
  const before = count();
  const deadline = performance.now() + PROGRESS_TIMEOUT_MS;
  while (count() === before) {
    if (performance.now() > deadline) throw new Error(`nothing was acknowledged for ${PROGRESS_TIMEOUT_MS} ms after a restart`);
    await sleep(POLL_MS);
  }
}

/** A linear congruential generator in [0, 1): the same kills for the same seed, as far as the machine allows. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
