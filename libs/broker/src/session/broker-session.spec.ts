import { brokerId, type ControllerEpoch, clusterId, directoryId, MoldauError } from '@moldau/kernel';
import { coordinatorService, streamHandler } from '@moldau/protocol';
import { RecordingLogger, SeededRandom, SimDisk, SimNetwork, type SimProcess, SimScheduler } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { BrokerSession } from './broker-session.ts';
import { SeenControllerEpoch } from './controller-epoch.ts';
import { CoordinatorDirectory } from './coordinator-directory.ts';

const CLUSTER = '00000000-0000-4000-8000-000000000001';
const DIRECTORY = '00000000-0000-4000-8000-000000000002';
const LEASE_MS = 5_000;

/** Coordinators on their own nodes, one of them active; what standbys name as the controller is what they know. */
class Coordinators {
  readonly scheduler = new SimScheduler();
  readonly network = new SimNetwork({ scheduler: this.scheduler });
  readonly processes = new Map<string, SimProcess>();
  active = 'one';
  /** What standbys believe; a paused controller is one for as long as its lease lasts. */
  known = 'one';
  epoch = 5;

  constructor(names: readonly string[]) {
    for (const name of names) this.#serve(name);
  }

  #serve(name: string): void {
    const process = this.scheduler.createProcess();
    this.processes.set(name, process);
    const session = streamHandler(coordinatorService.brokerSession, (call) => ({
      message: ({ frame }) => {
        if (this.active !== name) {
          call.close(new MoldauError('NOT_CONTROLLER', 'on standby', { controller_address: `${this.known}:9093` }));
        } else if (frame?.$case === 'register') {
          const value = {
            clusterId: CLUSTER,
            brokerEpoch: 9,
            controllerEpoch: this.epoch,
            heartbeatIntervalMs: 500,
            sessionTimeoutMs: 3_000,
          };
          call.send({ frame: { $case: 'registered', value } });
        } else {
          call.send({ frame: { $case: 'heartbeat', value: { fenced: false, mayShutDown: false, controllerEpoch: this.epoch } } });
        }
      },
      ended: () => call.close(),
      closed: () => {},
    }));
    const handlers = new Map([[coordinatorService.brokerSession.path, session]]);
    this.network.node(name, process.scheduler).serve(9093, 'internal', handlers);
  }

  async session(seeds: readonly string[]): Promise<BrokerSession> {
    const { scheduler } = this;
    const broker = scheduler.createProcess();
    const { connector } = this.network.node('broker', broker.scheduler);
    const disk = new SimDisk({ scheduler });
    await scheduler.until(disk.makeDirectory('/data'));
    const controllerEpoch = await scheduler.until(SeenControllerEpoch.open(disk, '/data'));
    const session = new BrokerSession(
      {
        clock: broker.clock,
        scheduler: broker.scheduler,
        random: new SeededRandom(1),
        logger: new RecordingLogger(),
        coordinators: new CoordinatorDirectory(connector, broker.clock, seeds),
        controllerEpoch,
        identity: {
          brokerId: brokerId(1),
          directoryId: directoryId(DIRECTORY),
          incarnationId: DIRECTORY,
          endpoints: new Map(),
          rack: undefined,
          softwareVersion: '',
          features: new Map(),
        },
      },
      {
        clusterId: () => clusterId(CLUSTER),
        heartbeat: () => ({ metadataVersion: 1, wantsShutdown: false, stillServes: false, offlineDirectoryIds: [], removedTopicIds: [] }),
        replicas: () => undefined,
        registered: () => Promise.resolve(),
        answered: () => {},
        superseded: () => false,
        fatal: (error) => {
          throw error;
        },
      },
    );
    session.start();
    await scheduler.runFor(500);
    return session;
  }

  elect(name: string): void {
    this.active = name;
    this.known = name;
    this.epoch += 1;
  }
}

describe('a session with a controller that is paused', () => {
  const names = ['one', 'two', 'three'];
  const seeds = names.map((name) => `${name}:9093`);

  it('is with the next one within a second of its election, although standbys named the paused one until then', async () => {
    const cluster = new Coordinators(names);
    const session = await cluster.session(seeds);
    expect(session.controllerAddress).toBe('one:9093');
    cluster.processes.get('one')?.pause();
    await cluster.scheduler.runFor(LEASE_MS);
    expect(session.controllerAddress).toBeUndefined();
    cluster.elect('two');
    await cluster.scheduler.runFor(1_000);
    expect(session.controllerAddress).toBe('two:9093');
  });

  it('goes to the next one at once when the metadata names it, however short the silence is', async () => {
    const cluster = new Coordinators(names);
    const session = await cluster.session(seeds);
    cluster.processes.get('one')?.pause();
    await cluster.scheduler.runFor(200);
    cluster.elect('three');
    session.controllerIs('three:9093', cluster.epoch as ControllerEpoch);
    await cluster.scheduler.runFor(100);
    expect(session.controllerAddress).toBe('three:9093');
    // Metadata that is behind names the former one.
    session.controllerIs('one:9093', 5 as ControllerEpoch);
    await cluster.scheduler.runFor(10);
    expect(session.controllerAddress).toBe('three:9093');
  });

  it('leaves a registration that nobody answers when the metadata names the controller', async () => {
    const cluster = new Coordinators(names);
    cluster.processes.get('one')?.pause();
    cluster.elect('two');
    const session = await cluster.session(['one:9093', 'two:9093']);
    expect(session.controllerAddress).toBeUndefined();
    session.controllerIs('two:9093', cluster.epoch as ControllerEpoch);
    await cluster.scheduler.runFor(100);
    expect(session.controllerAddress).toBe('two:9093');
  });

  it('comes back to a coordinator that was silent when it is the only one, or the controller again', async () => {
    const cluster = new Coordinators(['one']);
    const session = await cluster.session(['one:9093']);
    cluster.processes.get('one')?.pause();
    await cluster.scheduler.runFor(10_000);
    expect(session.controllerAddress).toBeUndefined();
    cluster.processes.get('one')?.resume();
    await cluster.scheduler.runFor(4_500);
    expect(session.controllerAddress).toBe('one:9093');
  });
});
