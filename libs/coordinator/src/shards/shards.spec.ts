import { type EncodedRecord, MoldauError } from '@moldau/kernel';
import {
  AddToTransaction,
  type ConnectResponse,
  callUnary,
  coordinatorService,
  ListShard,
  openStream,
  type ShardCall,
  ShardKind,
  shardService,
  TransactionListing,
} from '@moldau/protocol';
import { ImageShardDirectory, ShardCaller, type ShardMachine, type ShardOutcome } from '@moldau/shards';
import { RecordingMeter, SeededRandom } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { SimCoordinators } from '../testing/sim-coordinators.ts';
import { active } from '../testing/started-cluster.ts';
import { shardKind } from './shard-host.ts';

const NOTHING = new Uint8Array();
const ORIGIN = { principal: '', namespace: 'default', clientId: '', clientHost: '', traceparent: '' };

/** Remembers names in its log: `addToTransaction` adds one, `listTransactions` fails with how many there are. */
class NamesMachine implements ShardMachine {
  readonly names = new Set<string>();
  closed = false;

  replay({ key }: EncodedRecord): void {
    this.names.add(Buffer.from(key).toString());
  }

  begin(): void {}

  close(): void {
    this.closed = true;
  }

  add(name: string): ShardOutcome<undefined> {
    this.names.add(name);
    return { records: [{ key: Buffer.from(name), value: Buffer.from('x') }], response: undefined };
  }
}

class Cluster {
  readonly sim = new SimCoordinators(7);
  readonly machines: NamesMachine[] = [];
  caller!: ShardCaller;

  /** Coordinators c0 … and a broker, with the shards made. */
  static async started(coordinators: number): Promise<Cluster> {
    const cluster = new Cluster();
    const { sim } = cluster;
    sim.shardKinds = [
      shardKind<NamesMachine>(() => ({
        kind: 'transactions',
        createMachine: () => {
          const machine = new NamesMachine();
          cluster.machines.push(machine);
          return machine;
        },
        calls: {
          addToTransaction: (shard, { transactionalId }, { timeoutMs }) =>
            shard.run((machine) => machine.add(transactionalId), { timeoutMs }),
          listTransactions: async (shard, _, { timeoutMs }) => {
            const count = await shard.run((machine) => ({ records: [], response: machine.names.size }), { timeoutMs });
            return { transactions: Array.from({ length: count }, () => TransactionListing.decode(NOTHING)) };
          },
        },
      })),
    ];
    sim.start('c0');
    await sim.until('a controller', () => sim.active() !== undefined);
    for (let at = 1; at < coordinators; at += 1) sim.start(`c${at}`);
    const brokers = [0, 1, 2].map((id) => sim.broker(id).start());
    await sim.until('a cluster', () => brokers.every((broker) => broker.serving()) && cluster.image().coordinators.size === coordinators);
    const process = sim.scheduler.createProcess();
    const { connector } = sim.network.node('caller', process.scheduler);
    const directory = new ImageShardDirectory({
      image: () => cluster.image(),
      listen: () => () => {},
      ensure: (request, timeoutMs) => callUnary(sim.adminChannel(active(sim)), coordinatorService.ensureShards, request, { timeoutMs }),
    });
    const { clock, scheduler } = process;
    cluster.caller = new ShardCaller({
      clock,
      scheduler,
      random: new SeededRandom(1),
      connector,
      meter: new RecordingMeter(),
      directory,
      name: 'broker/9',
    });
    return cluster;
  }

  image() {
    const living = this.sim.coordinators.filter(({ alive }) => alive);
    return (this.sim.active() ?? living[0])?.coordinator.image() ?? never();
  }

  ownerOf(shard: number): string {
    return this.image().shards.get(`shards/transactions/${shard}`)?.owner?.coordinatorId ?? 'nobody';
  }

  add(shard: number, name: string, timeoutMs = 20_000): Promise<string> {
    const call = { $case: 'addToTransaction', value: { ...AddToTransaction.decode(NOTHING), transactionalId: name } } as const;
    return outcomeOf(this.caller.callShard(shard, call, { origin: ORIGIN, timeoutMs }));
  }

  run<Result>(promise: Promise<Result>): Promise<Result> {
    return this.sim.scheduler.until(promise);
  }
}

function never(): never {
  throw new Error('no coordinator lives');
}

function outcomeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'ok',
    (error: unknown) => MoldauError.from(error).reason,
  );
}

/** Sends one call to a coordinator by a stream of its own; the answers that came. */
function sendTo(cluster: Cluster, name: string, call: ShardCall['call'], shard = 0): ConnectResponse['answers'] {
  const answers: ConnectResponse['answers'] = [];
  const to = cluster.sim.network.node('stranger', cluster.sim.scheduler).connector.connect(`${name}:9093`);
  const stream = openStream(
    to,
    shardService.connect,
    {},
    { message: (message) => void answers.push(...message.answers), closed: () => {} },
  );
  stream.send({ caller: { name: 'test' }, calls: [{ callId: 1, shard, timeoutMs: 60_000, origin: ORIGIN, call }], members: [] });
  return answers;
}

const LIST = { $case: 'listTransactions', value: ListShard.decode(NOTHING) } as const;

describe('the shards of coordinators', () => {
  it('are made by the first call, and answer it, whoever owns them', async () => {
    const cluster = await Cluster.started(3);
    const outcomes = await cluster.run(Promise.all(Array.from({ length: 64 }, (_, at) => cluster.add(at % 16, `t${at}`))));
    expect(new Set(outcomes)).toEqual(new Set(['ok']));
    expect(new Set(Array.from({ length: 16 }, (_, shard) => cluster.ownerOf(shard)))).toEqual(new Set(['c0', 'c1', 'c2']));
    expect(cluster.sim.partitions.endOf(ShardKind.TRANSACTIONS, 3)).toBeGreaterThanOrEqual(5);
  });

  it('are taken over with all they know when their owner dies', async () => {
    const cluster = await Cluster.started(3);
    for (let at = 0; at < 16; at += 1) await cluster.run(cluster.add(at, `t${at}`));
    const shard = Array.from({ length: 16 }, (_, at) => at).find((at) => cluster.ownerOf(at) === 'c2') ?? 0;
    cluster.sim.coordinators.find(({ name }) => name === 'c2')?.kill();
    expect(await cluster.run(cluster.add(shard, 'after'))).toBe('ok');
    expect(cluster.ownerOf(shard)).not.toBe('c2');
    expect([...(cluster.machines.at(-1)?.names ?? [])].length).toBeGreaterThan(0);
    const listed = await cluster.run(cluster.caller.callShard(shard, LIST, { origin: ORIGIN, timeoutMs: 5_000 }));
    expect(listed.transactions).toHaveLength(2);
  });

  it('are not answered for by an owner that was paused until they had another', async () => {
    const cluster = await Cluster.started(2);
    await cluster.run(cluster.add(0, 'first'));
    const former = cluster.sim.coordinators.find(({ name }) => name === cluster.ownerOf(0)) ?? never();
    former.process.pause();
    const answers = sendTo(cluster, former.name, LIST);
    former.alive = false;
    await cluster.sim.until('another owner', () => !['nobody', former.name].includes(cluster.ownerOf(0)), 20_000);
    expect(await cluster.run(cluster.add(0, 'second'))).toBe('ok');
    former.process.resume();
    await cluster.sim.scheduler.runFor(5_000);
    expect(answers.map(({ answer, error }) => answer?.$case ?? error?.reason)).toEqual(['NOT_SHARD_OWNER']);
  });

  it('are refused with the owner that is known, and by name what is no call', async () => {
    const cluster = await Cluster.started(2);
    await cluster.run(cluster.add(0, 'first'));
    const other = cluster.ownerOf(0) === 'c0' ? 'c1' : 'c0';
    const answers = sendTo(cluster, other, LIST);
    const unknown = sendTo(cluster, other, { $case: 'listGroups', value: ListShard.decode(NOTHING) });
    await cluster.sim.scheduler.runFor(200);
    expect(answers[0]?.error?.reason).toBe('NOT_SHARD_OWNER');
    expect(Object.fromEntries(answers[0]?.error?.metadata ?? [])).toMatchObject({ owner_id: cluster.ownerOf(0) });
    expect(unknown[0]?.error?.reason).toBe('UNKNOWN_METHOD');
  });

  it('are given back at once by a coordinator that stops', async () => {
    const cluster = await Cluster.started(2);
    await cluster.run(cluster.add(0, 'first'));
    const owner = cluster.sim.coordinators.find(({ name }) => name === cluster.ownerOf(0)) ?? never();
    const fromMs = cluster.sim.scheduler.nowMs;
    void owner.coordinator.stop();
    owner.alive = false;
    expect(await cluster.run(cluster.add(0, 'second'))).toBe('ok');
    expect(cluster.sim.scheduler.nowMs - fromMs).toBeLessThan(2_500);
    expect(cluster.machines.filter(({ closed }) => closed).length).toBeGreaterThan(0);
  });
});
