import { networkInterfaces } from 'node:os';
import { type Child, type ChildOptions, startChild } from '../child/child-process.ts';
import { ip } from './ip-command.ts';
import { namespaceName } from './namespace-name.ts';
import { addNamespace, deleteNamespace, sweepNamespaces } from './namespaces.ts';
import { createFaults, type NetworkFaults } from './network-faults.ts';

/** Addresses in a /24 besides the runner's own. */
const NODES_MAX = 250;
const RUNNER_HOST = 254;
/** The second byte of the networks' addresses, and how many networks fit below it. */
const SECOND_BYTE = 213;
const NETWORKS_MAX = 256;

/** A namespace with an address of its own. */
export interface NetworkNode {
  readonly name: string;
  readonly address: string;
  readonly namespace: string;
  /** The command line that runs this in the namespace, as the same process: signals reach it. */
  inside(command: string, parameters: readonly string[]): { readonly command: string; readonly arguments: readonly string[] };
  /** Starts a process in the namespace. */
  startChild(options: ChildOptions): Child;
}

/**
 * Nodes on one bridge, each in a network namespace of its own, and faults between them. The process that made it, the
 * runner, is on the bridge too, and no fault but that of a node's own link touches it.
 */
export interface Network extends NetworkFaults, AsyncDisposable {
  /** The runner's address as the nodes see it. */
  readonly runnerAddress: string;
  addNode(name: string): Promise<NetworkNode>;
  /** Kills what runs in the nodes and takes everything down. */
  dispose(): Promise<void>;
}

let networks = 0;

/** Makes a network without nodes. Ask `whyNoNamespaces` first. What earlier runs left behind goes first. */
export async function createNetwork(): Promise<Network> {
  await sweepNamespaces();
  const number = networks++;
  const hub = namespaceName(number, 'hub');
  const subnet = freeSubnet();
  const address = (host: number): string => `${subnet}.${host}`;
  await addNamespace(hub);
  await ip('-n', hub, 'link', 'add', 'bridge', 'type', 'bridge');
  await ip('-n', hub, 'link', 'set', 'bridge', 'up');
  await connectRunner({ hub, link: `md${process.pid.toString(36)}x${number}`, address: address(RUNNER_HOST) });
  const nodes = new Map<string, NetworkNode & { readonly port: string }>();
  const dispose = async (): Promise<void> => {
    for (const { namespace } of nodes.values()) await deleteNamespace(namespace);
    await deleteNamespace(hub);
    nodes.clear();
  };
  return {
    ...createFaults({ hub, runnerAddress: address(RUNNER_HOST), nodes }),
    runnerAddress: address(RUNNER_HOST),
    async addNode(name): Promise<NetworkNode> {
      if (!/^[a-z0-9-]{1,40}$/.test(name) || name === 'hub' || nodes.has(name)) throw new Error(`no node can be named ${name} here`);
      if (nodes.size >= NODES_MAX) throw new Error(`a network has at most ${NODES_MAX} nodes`);
      const host = nodes.size + 1;
      const node = createNode({ name, namespace: namespaceName(number, name), address: address(host) });
      nodes.set(name, { ...node, port: `port${host}` });
      await connectNode(hub, node, `port${host}`);
      return node;
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

function createNode(place: Pick<NetworkNode, 'name' | 'namespace' | 'address'>): NetworkNode {
  const inside: NetworkNode['inside'] = (command, parameters) => ({
    command: 'ip',
    arguments: ['netns', 'exec', place.namespace, command, ...parameters],
  });
  return {
    ...place,
    inside,
    startChild: (options) => startChild({ ...options, ...inside(options.command, options.arguments) }),
  };
}

async function connectNode(hub: string, { namespace, address }: NetworkNode, port: string): Promise<void> {
  await addNamespace(namespace);
  await ip('-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  await ip('-n', hub, 'link', 'set', port, 'master', 'bridge', 'up');
  await ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
  await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
}

interface RunnerLink {
  readonly hub: string;
  readonly link: string;
  readonly address: string;
}

async function connectRunner({ hub, link, address }: RunnerLink): Promise<void> {
  await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'runner', 'netns', hub);
  await ip('-n', hub, 'link', 'set', 'runner', 'master', 'bridge', 'up');
  await ip('address', 'add', `${address}/24`, 'dev', link);
  await ip('link', 'set', link, 'up');
}

/** Three bytes that no interface of this machine has. Runs begin at different ones, so that two at once rarely meet. */
function freeSubnet(): string {
  const taken = Object.values(networkInterfaces())
    .flat()
    .map((each) => each?.address ?? '');
  for (let attempt = 0; attempt < NETWORKS_MAX; attempt++) {
    const subnet = `10.${SECOND_BYTE}.${(process.pid + attempt) % NETWORKS_MAX}`;
    if (!taken.some((each) => each.startsWith(`${subnet}.`))) return subnet;
  }
  throw new Error(`all of 10.${SECOND_BYTE}.0.0/16 is in use`);
}
