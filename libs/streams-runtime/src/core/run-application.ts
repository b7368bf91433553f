import type { Moldau } from '@moldau/client';
import { type ProcessingGuarantee, type StreamsApplication, type StreamsSettings, topologyOf } from '@moldau/streams';
import { GlobalFeed } from './global-feed.ts';
import { prepareTopics } from './internal-topics.ts';
import type { RuntimePorts, ThreadContext } from './runtime-options.ts';
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
  release(): Promise<void>;
}

/** @throws MoldauError INVALID_TOPOLOGY, CO_PARTITION_MISMATCH, and what making topics fails with */
export async function runApplication(options: RunOptions): Promise<StreamsHandle> {
  const { moldau, ports, application, parallelism, processId } = options;
  const settings = { ...application.settings, ...options.settings };
  const topology = topologyOf(application);
  const { plan, partitions } = await prepareTopics(moldau.admin(), topology, application.name);
  await alignPartitions(moldau, application.name);
  const guarantee: ProcessingGuarantee = settings.guarantee ?? 'at_least_once';
  const globals = new GlobalFeed(topology);
  const commitIntervalMs = settings.commitIntervalMs ?? (guarantee === 'exactly_once' ? COMMIT_MS_EXACTLY_ONCE : COMMIT_MS_AT_LEAST_ONCE);
  const failed = (thrown: unknown): void => ports.logger.error('global tables are not followed any more', { error: String(thrown) });
  await globals.start(moldau, guarantee === 'exactly_once' ? 'read_committed' : 'read_uncommitted', failed);
  const shared = { ports, moldau, topology, plan, partitions, globals, settings, guarantee, commitIntervalMs };
  const threads = Array.from({ length: parallelism }, (_, index) => {
    const context: ThreadContext = { ...shared, transactionalId: `_streams-${application.name}-${processId}-${index}` };
    return new StreamsThread(context);
  });
  for (const thread of threads) thread.start();
  return new StreamsHandle(threads, async () => {
    await globals.close();
    await options.release();
  });
}

/** The group gives partitions of one number of all topics to one member, so that a task has all of its inputs. */
async function alignPartitions(moldau: Moldau, group: string): Promise<void> {
  const [outcome] = await moldau.admin().alterConfigs([{ resource: { group }, changes: [{ name: 'assignor', value: 'range' }] }]);
  if (outcome?.error !== undefined) throw outcome.error;
}
