import type { LocalCluster, Member, StartProgress } from '@moldau/local-cluster';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CommandContext, optionsOf } from '../context.ts';
import { wholeNumber } from '../input/values.ts';
import { type OutputFormat, writeJson } from '../output/format.ts';
import { writeTable } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';
import { CLUSTER_DIRECTORY_DEFAULT } from './cluster-directory.ts';

interface Options {
  readonly brokers?: number;
  readonly coordinators?: number;
  readonly etcd?: number;
  readonly connectorWorkers?: number;
  readonly data: string;
  readonly port?: number;
  readonly output: OutputFormat;
}

/** More processes than a machine has use for. */
const BROKERS_MAX = 32;
const COORDINATORS_MAX = 8;
const CONNECTOR_WORKERS_MAX = 8;
const PORT_MAX = 65_535 - BROKERS_MAX;

export function registerClusterUp(cluster: Command, context: CommandContext): void {
  cluster
    .command('up')
    .description(
      'start etcd, coordinators, brokers and connector workers as processes of this machine, or start them again over the same data; returns when every ' +
        'broker serves, and they run on until `cluster down`. etcd is the binary in PATH, or the one that MOLDAU_ETCD names',
    )
    .option('--brokers <n>', 'how many brokers (default: 3)', wholeNumber(1, BROKERS_MAX))
    .option('--coordinators <n>', 'how many coordinators (default: 2)', wholeNumber(1, COORDINATORS_MAX))
    .addOption(new Option('--etcd <n>', 'how many etcd servers: 1 or 3 (default: 1)').argParser(etcdServers))
    .option('--connector-workers <n>', 'how many workers that run connectors (default: none)', wholeNumber(0, CONNECTOR_WORKERS_MAX))
    .option('--data <dir>', 'directory of the cluster: data, logs/ and cluster.json', CLUSTER_DIRECTORY_DEFAULT)
    .option(
      '--port <n>',
      "port of the first broker's listener for clients, the others' follow it (default: free ones, kept for later starts)",
      wholeNumber(1, PORT_MAX),
    )
    .action((_local: unknown, command: Command) => up(context, optionsOf<Options>(command)));
}

async function up({ terminal }: CommandContext, options: Options): Promise<void> {
  const { LocalCluster, withDirectoryLock } = await import('@moldau/local-cluster');
  const { data, port, brokers, coordinators, etcd, connectorWorkers } = options;
  const size = {
    ...(brokers === undefined ? {} : { brokers }),
    ...(coordinators === undefined ? {} : { coordinators }),
    ...(etcd === undefined ? {} : { etcd }),
    ...(connectorWorkers === undefined ? {} : { connectorWorkers }),
  };
  const cluster = await withDirectoryLock(data, async () => {
    const opened = await LocalCluster.open({ directory: data, size, ...(port === undefined ? {} : { port }) });
    const progress = drawnProgress(terminal);
    try {
      await opened.up({ signal: terminal.signal, onProgress: progress.update });
    } finally {
      progress.end();
    }
    return opened;
  });
  if (options.output === 'json') return writeJson(terminal, describe(cluster));
  await writeTable(
    terminal,
    ['PROCESS', 'ADDRESS', 'PID'],
    cluster.members.map(({ name, address, process }) => [name, address, String(process?.pid ?? '-')]),
  );
  const [worker] = cluster.members.filter(({ kind }) => kind === 'connector-worker');
  const connect = worker === undefined ? '' : `  export MOLDAU_WORKER=${worker.address}   # for moldau connector\n`;
  await terminal.write(
    `\nThe cluster is ready. Its data and logs are in ${cluster.directory}\n\n` +
      `  export MOLDAU_BOOTSTRAP=${cluster.bootstrap}\n${connect}` +
      `  moldau cluster down${data === CLUSTER_DIRECTORY_DEFAULT ? '' : ` --data ${data}`}   # ends it\n`,
  );
}

function describe({ bootstrap, directory, members }: LocalCluster): Readonly<Record<string, unknown>> {
  const listed = (kind: Member['kind']): readonly object[] =>
    members
      .filter((member) => member.kind === kind)
      .map((member) => {
        const id = member.kind === 'broker' ? member.brokerId : member.name;
        const admin = member.kind === 'etcd' ? {} : { adminAddress: member.adminAddress };
        const grpc = member.kind === 'connector-worker' ? { grpcAddress: member.grpcAddress } : {};
        return { id, address: member.address, pid: member.process?.pid ?? null, ...admin, ...grpc };
      });
  return {
    bootstrap,
    brokers: listed('broker'),
    coordinators: listed('coordinator'),
    etcd: listed('etcd'),
    connectorWorkers: listed('connector-worker'),
    directory,
  };
}

/** One line that is drawn over, on a terminal; nothing in a pipe. */
function drawnProgress(terminal: Terminal): { update(progress: StartProgress): void; end(): void } {
  const kinds = new Map<string, string>();
  return {
    update: ({ kind, ready, total }) => {
      kinds.set(kind, `${kind} ${ready}/${total}`);
      if (terminal.interactive) terminal.draw(`\rstarting  ${[...kinds.values()].join('  ')}`);
    },
    end: () => {
      if (terminal.interactive && kinds.size > 0) terminal.draw('\n');
    },
  };
}

/** etcd goes on while more than half of its servers do: a second one would only add a way to fail. */
function etcdServers(text: string): number {
  if (text !== '1' && text !== '3') throw new InvalidArgumentError(`'${text}' is not 1 or 3.`);
  return Number(text);
}
