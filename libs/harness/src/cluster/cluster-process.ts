import type { LocalCluster, Member } from '@moldau/local-cluster';

/** One process of a cluster: to be hurt, and started again over the same data and on the same ports. */
export interface ClusterProcess {
  /** `broker-1`, `coordinator-2`, `etcd-1`. */
  readonly name: string;
  /** `host:port` where those that use it reach it. */
  readonly address: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** `/readyz`, `/metrics` and the others; undefined for etcd. */
  readonly adminUrl: string | undefined;
  /** kill -9, and waits for the end. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open, nobody answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** SIGTERM, and waits for the end; rejects when it had to be killed. */
  stop(): Promise<void>;
  /** Starts it, after `stop` where it still runs, and waits until it is ready. */
  restart(): Promise<void>;
}

export function createClusterProcess(cluster: LocalCluster, name: string): ClusterProcess {
  const member = (): Member => {
    const found = cluster.members.find((each) => each.name === name);
    if (found === undefined) throw new Error(`the cluster has no ${name}`);
    return found;
  };
  const send = (signal: NodeJS.Signals): void => {
    if (!cluster.signal(name, signal)) throw new Error(`${name} does not run`);
  };
  const stop = async (): Promise<void> => {
    const { how } = await cluster.stop(name);
    if (how === 'killed') throw new Error(`${name} did not stop when it was asked to`);
  };
  const first = member();
  return {
    name,
    address: first.address,
    get pid(): number | undefined {
      return member().process?.pid;
    },
    adminUrl: first.kind === 'etcd' ? undefined : `http://${first.adminAddress}`,
    kill: async () => void (await cluster.stop(name, { force: true })),
    pause: () => send('SIGSTOP'),
    resume: () => send('SIGCONT'),
    stop,
    async restart(): Promise<void> {
      await stop();
      await cluster.start(name);
    },
  };
}
