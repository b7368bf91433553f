import { compress, decompress } from '@moldau/records';
import { SeededRandom, SimCompute, SimNetwork, type SimProcess, SimScheduler } from '@moldau/testkit';
import { type MoldauOptions, parseClientOptions } from '../core/client-options.ts';
import { Moldau } from '../core/moldau.ts';
import type { ClientStatus } from '../core/status.ts';
import { FakeCluster } from './fake-cluster.ts';

const PORT = 9092;

/** A client and a fake cluster in virtual time, for the specs of both. */
export interface Simulation {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly cluster: FakeCluster;
  readonly random: SeededRandom;
  readonly statuses: ClientStatus[];
  /** Another client, on the one machine of all clients. */
  connect(options?: Partial<MoldauOptions>): Moldau;
  /** Starts a broker that was not there, or comes back. */
  startBroker(brokerId: number): void;
  /** The broker's process ends. */
  stopBroker(brokerId: number): void;
}

export function simulate(options: { readonly brokers?: number; readonly seed?: number; readonly jitterMs?: number } = {}): Simulation {
  const random = new SeededRandom(options.seed ?? 1);
  const scheduler = new SimScheduler({ random });
  const network = new SimNetwork({ scheduler, random, jitterMs: options.jitterMs ?? 0, windowBytes: 4 * 1024 * 1024 });
  const cluster = new FakeCluster(scheduler);
  const statuses: ClientStatus[] = [];
  const machine: SimProcess = scheduler.createProcess();
  const startBroker = (brokerId: number): void => {
    const process = scheduler.createProcess();
    const name = `broker-${brokerId}`;
    network.node(name, process.scheduler).serve(PORT, 'client', cluster.addBroker(brokerId, name, PORT));
  };
  for (let brokerId = 0; brokerId < (options.brokers ?? 1); brokerId++) startBroker(brokerId);
  return {
    scheduler,
    network,
    cluster,
    random,
    statuses,
    startBroker,
    stopBroker(brokerId) {
      cluster.removeBroker(brokerId);
      network.kill(`broker-${brokerId}`);
    },
    connect(clientOptions = {}) {
      const settings = parseClientOptions({
        bootstrap: [`broker-0:${PORT}`, `broker-1:${PORT}`],
        onStatus: (status) => statuses.push(status),
        ...clientOptions,
      });
      const { connector } = network.node('client', machine.scheduler);
      const compute = new SimCompute({ codecs: { compress, decompress }, scheduler: machine.scheduler, latency: () => 1 });
      const { clock, scheduler: turns } = machine;
      return new Moldau({ clock, scheduler: turns, random: random.fork(), compute, connector, logger: settings.logger }, settings);
    },
  };
}
