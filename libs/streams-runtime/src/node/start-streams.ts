import { existsSync, readdirSync } from 'node:fs';
import { createMoldau, type Logger, type Moldau } from '@moldau/client';
import { MoldauError, silentLogger } from '@moldau/kernel';
import { createNodeClock, createNodeIds, createNodeScheduler } from '@moldau/platform-node/client';
import {
  defineApplication,
  memoryTaskStates,
  type StreamsApplication,
  type StreamsSettings,
  type TaskId,
  type TaskStates,
} from '@moldau/streams';
import { openDiskTaskState } from '@moldau/streams/node';
import { runApplication } from '../core/run-application.ts';
import type { StreamsHandle } from '../core/streams-handle.ts';

/** Members of one process; each works in the same thread of the machine. */
const PARALLELISM_MAX = 64;
const ENDPOINT_LENGTH_MAX = 1_000;

/** What `startStreams` is told; the settings go over those of the application. */
export interface StartStreamsOptions extends Omit<StreamsSettings, 'handlers' | 'build'> {
  readonly application: StreamsApplication;
  /** Where the cluster is, or a client of it, which stays open. */
  readonly cluster: Moldau | { readonly bootstrap: string };
  /** Where tasks have their state, one directory each; needed unless `state` is `memory`. */
  readonly stateDirectory?: string;
  /** Members of the application's group in this process, 1 … 64; default 1. */
  readonly parallelism?: number;
  /** Where this process answers queries, as others are to know it; at most 1,000 characters. Default: it does not. */
  readonly endpoint?: string;
  /** Default: silent. */
  readonly logger?: Logger;
}

/**
 * Runs an application in this process. Resolves when its topics are made and it is about to join its group; every other process
 * that runs the application shares its tasks.
 *
 * @throws MoldauError INVALID_CONFIG, INVALID_APPLICATION, INVALID_TOPOLOGY, CO_PARTITION_MISMATCH
 */
export async function startStreams(options: StartStreamsOptions): Promise<StreamsHandle> {
  const { application, cluster, stateDirectory, parallelism = 1, endpoint, logger = silentLogger, ...given } = options;
  if (!Number.isInteger(parallelism) || parallelism < 1 || parallelism > PARALLELISM_MAX) {
    throw invalid('parallelism', String(parallelism), `1 … ${PARALLELISM_MAX}`);
  }
  if (endpoint !== undefined && endpoint.length > ENDPOINT_LENGTH_MAX) {
    throw invalid('endpoint', endpoint, `at most ${ENDPOINT_LENGTH_MAX} characters`);
  }
  const settings: StreamsSettings = { ...application.settings, ...given };
  defineApplication({ ...application, settings });
  const states = taskStates(application.name, settings, stateDirectory);
  const owned = 'bootstrap' in cluster ? createMoldau({ bootstrap: cluster.bootstrap }) : undefined;
  const moldau = owned ?? (cluster as Moldau);
  const left = (): readonly TaskId[] => leftTasks(application.name, settings, stateDirectory);
  const ports = { clock: createNodeClock(), scheduler: createNodeScheduler(), logger, states, left };
  const processId = createNodeIds().uuid();
  const release = async (): Promise<void> => owned?.close();
  try {
    return await runApplication({ moldau, ports, application, settings, parallelism, processId, endpoint, release });
  } catch (caught) {
    await release();
    throw caught;
  }
}

function taskStates(application: string, { state = 'disk' }: StreamsSettings, directory: string | undefined): TaskStates {
  if (state === 'memory') return memoryTaskStates;
  if (directory === undefined) throw invalid('stateDirectory', '', "a directory, or state 'memory'");
  return ({ subTopology, partition }) => openDiskTaskState({ directory: `${directory}/${application}/${subTopology}_${partition}` }).state;
}

/** Tasks whose directories an earlier run has left. */
function leftTasks(application: string, { state = 'disk' }: StreamsSettings, directory: string | undefined): readonly TaskId[] {
  if (state === 'memory' || directory === undefined || !existsSync(`${directory}/${application}`)) return [];
  return readdirSync(`${directory}/${application}`).flatMap((name) => {
    const [, subTopology, partition] = /^(\d{1,6})_(\d{1,9})$/.exec(name) ?? [];
    return partition === undefined ? [] : [{ subTopology: Number(subTopology), partition: Number(partition) }];
  });
}

function invalid(setting: string, value: string, limit: string): MoldauError {
  return new MoldauError('INVALID_CONFIG', `${setting} of a stream application is '${value}'; it takes ${limit}`, {
    setting,
    value,
    limit,
  });
}
