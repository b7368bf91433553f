import type { Moldau } from '@moldau/client';
import { type ProcessingGuarantee, type StreamsApplication, type StreamsSettings, topologyOf } from '@moldau/streams';
import { GlobalFeed } from './global-feed.ts';
import { prepareTopics } from './internal-topics.ts';
import { lagsOfLeftState } from './left-state.ts';
import type { RuntimePorts, ThreadContext } from './runtime-options.ts';
import { StorePlaces } from './store-places.ts';
import { StreamsHandle } from './streams-handle.ts';
import { StreamsThread } from './streams-thread.ts';

const COMMIT_MS_AT_LEAST_ONCE = 1_000;
const COMMIT_MS_EXACTLY_ONCE = 100;

export interface RunOptions {
  readonly moldau: Moldau;
  readonly ports: RuntimePorts;
  readonly application: StreamsApplication;
  /** Over the application's own. */
  readonly settings: StreamsSettings;
  /** Members of the group that this process has. */
  readonly parallelism: number;
  /** Tells this process from others that run the application. */
  readonly processId: string;
  /** Where others ask for stores of this process, if they can. */
  readonly endpoint: string | undefined;
  release(): Promise<void>;
}

/** @throws MoldauError INVALID_TOPOLOGY, CO_PARTITION_MISMATCH, and what making topics fails with */
export async function runApplication(options: RunOptions): Promise<StreamsHandle> {
  const { moldau, ports, application, parallelism, processId, endpoint } = options;
  const settings = { ...application.settings, ...options.settings };
  const topology = topologyOf(application);
  const { plan, partitions } = await prepareTopics(moldau.admin(), topology, application.name);
  await configureGroup(moldau, application.name, settings);
  const guarantee: ProcessingGuarantee = settings.guarantee ?? 'at_least_once';
  const globals = new GlobalFeed(topology);
  const commitIntervalMs = settings.commitIntervalMs ?? (guarantee === 'exactly_once' ? COMMIT_MS_EXACTLY_ONCE : COMMIT_MS_AT_LEAST_ONCE);
  const failed = (thrown: unknown): void => ports.logger.error('global tables are not followed any more', { error: String(thrown) });
  await globals.start(moldau, guarantee === 'exactly_once' ? 'read_committed' : 'read_uncommitted', failed);
  const leftLags = await lagsOfLeftState(moldau, ports, plan);
  const shared = { ports, moldau, topology, plan, partitions, globals, settings, guarantee, commitIntervalMs, processId, endpoint };
  const threads = Array.from({ length: parallelism }, (_, index) => {
    // All threads have one disk: it is enough that one tells of it.
    const left = index === 0 ? leftLags : new Map<string, number>();
    const transactionalId = `_streams-${application.name}-${processId}-${index}`;
    const context: ThreadContext = { ...shared, leftLags: left, transactionalId };
    return new StreamsThread(context);
  });
  for (const thread of threads) thread.start();
  const places = new StorePlaces({ moldau, plan, processId, clock: ports.clock });
  return new StreamsHandle(threads, places, async () => {
    await globals.close();
    await options.release();
  });
}

/** The group gives whole tasks to members. What the application does not say is left as whoever runs the cluster has set it. */
async function configureGroup(moldau: Moldau, group: string, settings: StreamsSettings): Promise<void> {
  const { standbys, acceptableRecoveryLag, maxWarmups } = settings;
  const wanted = {
    'streams.standby.replicas': standbys,
    'streams.acceptable.recovery.lag': acceptableRecoveryLag,
    'streams.max.warmup.replicas': maxWarmups,
  };
  const said = Object.entries(wanted).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value: String(value) }]));
  const changes = [{ name: 'assignor', value: 'streams' }, ...said];
  const [outcome] = await moldau.admin().alterConfigs([{ resource: { group }, changes }]);
  if (outcome?.error !== undefined) throw outcome.error;
}
