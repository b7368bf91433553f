import { ip, tc } from './ip-command.ts';

/** In place of a node's name: the process that made the network. */
export const RUNNER = 'runner';

/** A token bucket that lets this many bytes pass at once: less than one frame would stop the link. */
const BURST_BYTES_MIN = 3_200;
/** How long a packet may wait in the bucket before it is dropped. */
const QUEUE_MS = 50;

/** What can be done to the network. All names are those of nodes. */
export interface NetworkFaults {
  /**
   * Nothing that `from` sends reaches `to` any more: a route into nowhere at the sender. Its own sends fail with EINVAL or
   * vanish; what `to` sends arrives, so a TCP connection between them hears one side and is answered by none. `to` may be
   * the runner.
   */
  cut(from: string, to: string): Promise<void>;
  /** Nodes of different groups don't reach each other, in both directions; a node in no group reaches all. */
  partition(...groups: readonly (readonly string[])[]): Promise<void>;
  /** Cut from all other nodes, in both directions; the runner still reaches it. */
  isolate(name: string): Promise<void>;
  /** The node's cable is pulled: nobody reaches it, the runner neither. */
  unplug(name: string): Promise<void>;
  plug(name: string): Promise<void>;
  /** The most bytes per second to the node, and from it. */
  limit(name: string, bytesPerSecond: number): Promise<void>;
  /** Ends all faults. */
  heal(): Promise<void>;
}

export interface FaultyNode {
  readonly namespace: string;
  readonly address: string;
  /** The bridge's end of its cable. */
  readonly port: string;
}

export interface FaultyNetwork {
  readonly hub: string;
  readonly runnerAddress: string;
  /** By name; grows while nodes are added. */
  readonly nodes: ReadonlyMap<string, FaultyNode>;
}

/** What undoes each fault that is in force, by what it is. */
type Undo = Map<string, () => Promise<unknown>>;

export function createFaults(network: FaultyNetwork): NetworkFaults {
  const undo: Undo = new Map();
  const cut = (from: string, to: string): Promise<void> => cutRoute(network, { from, to }, undo);
  const between = async (one: string, other: string): Promise<void> => {
    await cut(one, other);
    await cut(other, one);
  };
  return {
    cut,
    async partition(...groups): Promise<void> {
      for (const [index, group] of groups.entries())
        for (const one of group) for (const other of groups.slice(index + 1).flat()) await between(one, other);
    },
    async isolate(name): Promise<void> {
      for (const other of network.nodes.keys()) if (other !== name) await between(name, other);
    },
    unplug: (name) => unplug(network, name, undo),
    plug: (name) => undoOne(undo, `link ${name}`),
    limit: (name, bytesPerSecond) => limit(network, name, { bytesPerSecond, undo }),
    async heal(): Promise<void> {
      for (const fault of [...undo.keys()]) await undoOne(undo, fault);
    },
  };
}

async function undoOne(undo: Undo, fault: string): Promise<void> {
  await undo.get(fault)?.();
  undo.delete(fault);
}

function nodeOf({ nodes }: FaultyNetwork, name: string): FaultyNode {
  const node = nodes.get(name);
  if (node === undefined) throw new Error(`the network has no node ${name}`);
  return node;
}

async function cutRoute(network: FaultyNetwork, way: { readonly from: string; readonly to: string }, undo: Undo): Promise<void> {
  const fault = `cut ${way.from} ${way.to}`;
  if (undo.has(fault)) return;
  const { namespace } = nodeOf(network, way.from);
  const address = way.to === RUNNER ? network.runnerAddress : nodeOf(network, way.to).address;
  await ip('-n', namespace, 'route', 'add', 'blackhole', `${address}/32`);
  undo.set(fault, () => ip('-n', namespace, 'route', 'delete', 'blackhole', `${address}/32`));
}

/** At the bridge's end: the node keeps its addresses and routes, as with a real cable. */
async function unplug(network: FaultyNetwork, name: string, undo: Undo): Promise<void> {
  const { port } = nodeOf(network, name);
  await ip('-n', network.hub, 'link', 'set', port, 'down');
  undo.set(`link ${name}`, () => ip('-n', network.hub, 'link', 'set', port, 'up'));
}

interface Limit {
  readonly bytesPerSecond: number;
  readonly undo: Undo;
}

async function limit(network: FaultyNetwork, name: string, { bytesPerSecond, undo }: Limit): Promise<void> {
  if (!Number.isSafeInteger(bytesPerSecond) || bytesPerSecond <= 0) throw new Error(`${bytesPerSecond} is no rate`);
  const { namespace, port } = nodeOf(network, name);
  const ends = [
    [namespace, 'eth0'],
    [network.hub, port],
  ] as const;
  const burst = Math.max(BURST_BYTES_MIN, Math.ceil(bytesPerSecond / 100));
  const bucket = ['tbf', 'rate', `${bytesPerSecond * 8}bit`, 'burst', String(burst), 'latency', `${QUEUE_MS}ms`];
  for (const [space, device] of ends) await tc('-n', space, 'qdisc', 'replace', 'dev', device, 'root', ...bucket);
  undo.set(`limit ${name}`, async () => {
    for (const [space, device] of ends) await tc('-n', space, 'qdisc', 'delete', 'dev', device, 'root');
  });
}
