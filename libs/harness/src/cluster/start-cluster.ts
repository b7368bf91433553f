import { type ClusterSize, LocalCluster, type MemberPlaces, type ServiceFlags } from '@moldau/local-cluster';
import { scratchDirectory } from '../scratch-directory.ts';
import { type ClusterProcess, createClusterProcess } from './cluster-process.ts';

export interface ClusterOptions extends Partial<ClusterSize> {
  /** Further settings of the services, as flags. */
  readonly flags?: ServiceFlags;
  /** Members that don't run as plain processes on the loopback: in network namespaces, under another clock. */
  readonly places?: MemberPlaces;
  /** Longest wait for each step of the start; default two minutes. */
  readonly readyTimeoutMs?: number;
  /** Default: a scratch directory that goes on `dispose`. */
  readonly directory?: string;
}

/** A cluster of real processes over a scratch directory, on the loopback and free ports. */
export interface Cluster extends AsyncDisposable {
  /** `host:port,…` of all brokers. */
  readonly bootstrap: string;
  readonly directory: string;
  /** In the order of their ids, which begin at 1. */
  readonly brokers: readonly ClusterProcess[];
  readonly coordinators: readonly ClusterProcess[];
  readonly etcd: readonly ClusterProcess[];
  readonly connectorWorkers: readonly ClusterProcess[];
  /** Ends everything in order, brokers first, or all at once with kill -9. @throws Error that names what had to be killed */
  down(options?: { readonly kill?: boolean }): Promise<void>;
  /** Starts what does not run, over the same data, and waits until all is ready. */
  up(): Promise<void>;
  /** kill -9 for what still runs, and the directory goes. */
  dispose(): Promise<void>;
}

/** Clusters of this process that were not disposed of: killed when it ends. */
const living = new Set<LocalCluster>();
let guarded = false;

/**
 * Starts etcd, coordinators and brokers by the code of `moldau cluster up`, and resolves when all brokers serve. Default:
 * three brokers, two coordinators, one etcd, with fsync as always.
 *
 * @throws MoldauError PROCESS_NOT_STARTED; ask `whyNoEtcd` of `@moldau/cluster-etcd/testing` first
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const scratch = options.directory === undefined ? scratchDirectory('cluster') : undefined;
  const { flags, places, readyTimeoutMs, directory = scratch?.path ?? '', ...size } = options;
  const cluster = await LocalCluster.open({
    directory,
    size,
    ...(places === undefined ? {} : { places }),
    ...(flags === undefined ? {} : { flags }),
    ...(readyTimeoutMs === undefined ? {} : { readyTimeoutMs }),
  });
  guard(cluster);
  const dispose = async (): Promise<void> => {
    await cluster.down({ force: true });
    living.delete(cluster);
    scratch?.remove();
  };
  try {
    await cluster.up();
  } catch (error) {
    await dispose();
    throw error;
  }
  const ofKind = (kind: string): readonly ClusterProcess[] =>
    cluster.members.filter((member) => member.kind === kind).map(({ name }) => createClusterProcess(cluster, name));
  return {
    bootstrap: cluster.bootstrap,
    directory: cluster.directory,
    brokers: ofKind('broker'),
    coordinators: ofKind('coordinator'),
    etcd: ofKind('etcd'),
    connectorWorkers: ofKind('connector-worker'),
    async down({ kill = false } = {}): Promise<void> {
      const endings = await cluster.down({ force: kill });
      const killed = endings.filter(({ how }) => how === 'killed').map(({ name }) => name);
      if (!kill && killed.length > 0) throw new Error(`${killed.join(', ')} did not stop when asked to`);
    },
    up: () => cluster.up(),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** The members outlive who started them, as they should on an operator's machine: here somebody has to see to their end. */
function guard(cluster: LocalCluster): void {
  living.add(cluster);
  if (guarded) return;
  guarded = true;
  process.once('exit', () => {
    for (const left of living) for (const { name } of left.members) left.signal(name, 'SIGKILL');
  });
}
