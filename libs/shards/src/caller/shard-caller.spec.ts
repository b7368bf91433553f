import type { ShardKindName } from '@moldau/cluster';
import { type CoordinatorId, type ErrorName, MoldauError } from '@moldau/kernel';
import {
  type ConnectResponse,
  errorToItem,
  ListShard,
  type MemberFrame,
  type MemberNotice,
  MembershipHeartbeat,
  MembershipJoin,
  MembershipSettings,
  type ServerCall,
  type ShardCall,
  shardService,
  streamHandler,
} from '@moldau/protocol';
import { RecordingMeter, SeededRandom, SimNetwork, type SimProcess, SimScheduler } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import type { ShardOwner } from '../shard-owner.ts';
import { ShardCaller } from './shard-caller.ts';
import type { ShardDirectory } from './shard-directory.ts';

const NOTHING = new Uint8Array();

/** A coordinator that answers calls as the test says. */
class Owner {
  readonly calls: ShardCall[] = [];
  readonly frames: MemberFrame[] = [];
  readonly callers: string[] = [];
  stream: ServerCall<ConnectResponse> | undefined;
  process: SimProcess;
  /** What the next calls answer; undefined: nothing. */
  answer: ErrorName | 'ok' | undefined = 'ok';

  constructor(world: World, name: string) {
    this.process = world.scheduler.createProcess();
    const handler = streamHandler(shardService.connect, (call: ServerCall<ConnectResponse>) => {
      this.stream = call;
      return {
        message: ({ caller, calls, members }) => {
          if (caller !== undefined) this.callers.push(caller.name);
          this.frames.push(...members);
          for (const one of calls) this.#take(one);
        },
        ended: () => call.close(),
        closed: () => {},
      };
    });
    world.network.node(name, this.process.scheduler).serve(9093, 'internal', new Map([[shardService.connect.path, handler]]));
  }

  tell(membership: number, notice: NonNullable<MemberNotice['notice']>): void {
    this.stream?.send({ answers: [], members: [{ membership, notice }] });
  }

  #take(call: ShardCall): void {
    this.calls.push(call);
    if (this.answer === undefined) return;
    const error = this.answer === 'ok' ? undefined : errorToItem(new MoldauError(this.answer, 'as told', {}));
    const answer = this.answer === 'ok' ? { $case: 'listGroups' as const, value: { groups: [] } } : undefined;
    this.stream?.send({ answers: [{ callId: call.callId, error, answer }], members: [] });
  }
}

class World implements ShardDirectory {
  readonly scheduler = new SimScheduler({ random: new SeededRandom(1) });
  readonly network = new SimNetwork({ scheduler: this.scheduler, random: new SeededRandom(2) });
  readonly owners = new Map<string, Owner>();
  readonly caller: ShardCaller;
  readonly meter = new RecordingMeter();
  topics = true;
  ensured = 0;
  refusal: MoldauError | undefined;
  #owner: ShardOwner | undefined;
  #listener: (() => void) | undefined;

  constructor() {
    const process = this.scheduler.createProcess();
    const { connector } = this.network.node('broker', process.scheduler);
    const { clock, scheduler } = process;
    this.caller = new ShardCaller({
      clock,
      scheduler,
      random: new SeededRandom(3),
      connector,
      meter: this.meter,
      directory: this,
      name: 'broker/1',
    });
  }

  start(name: string): Owner {
    const owner = new Owner(this, name);
    this.owners.set(name, owner);
    return owner;
  }

  own(name: string | undefined, shardEpoch = 1): void {
    this.#owner = name === undefined ? undefined : { coordinatorId: name as CoordinatorId, address: `${name}:9093`, shardEpoch };
    this.#listener?.();
  }

  shards = (): number => 16;
  exist = (_: ShardKindName): boolean => this.topics;
  owner = (): ShardOwner | undefined => this.#owner;
  listen(listener: () => void): () => void {
    this.#listener = listener;
    return () => {};
  }

  async ensure(): Promise<void> {
    this.ensured += 1;
    if (this.refusal !== undefined) throw this.refusal;
    this.topics = true;
    this.own('a');
  }

  /** The outcome of a call: `ok`, or the error's name; and how long it took. */
  list(timeoutMs = 5_000): Promise<string> {
    const origin = { principal: '', namespace: 'default', clientId: '', clientHost: '', traceparent: '' };
    const call = { $case: 'listGroups', value: ListShard.decode(NOTHING) } as const;
    return this.caller.callShard(3, call, { origin, timeoutMs }).then(
      () => 'ok',
      (error: unknown) => MoldauError.from(error).reason,
    );
  }

  run(outcome: Promise<string>): Promise<string> {
    return this.scheduler.until(outcome);
  }
}

describe('a call of a shard', () => {
  it('is answered by its owner, many of a turn in one message', async () => {
    const world = new World();
    const a = world.start('a');
    world.own('a');
    const outcomes = await world.scheduler.until(Promise.all(Array.from({ length: 100 }, () => world.list())));
    expect(new Set(outcomes)).toEqual(new Set(['ok']));
    expect(a.callers).toEqual(['broker/1']);
    expect(a.calls[0]).toMatchObject({ shard: 3, timeoutMs: 5_000, origin: { namespace: 'default' } });
  });

  it.each(['NOT_SHARD_OWNER', 'COORDINATOR_LOADING'] as const)(
    'goes on after %s, at once when the shard has another owner',
    async (reason) => {
      const world = new World();
      const [a, b] = [world.start('a'), world.start('b')];
      a.answer = reason;
      world.own('a');
      const outcome = world.list();
      await world.scheduler.runFor(1_000);
      expect(a.calls.length).toBeGreaterThan(2);
      const fromMs = world.scheduler.nowMs;
      world.own('b', 2);
      expect(await world.run(outcome)).toBe('ok');
      expect(world.scheduler.nowMs - fromMs).toBeLessThan(20);
      expect(b.calls).toHaveLength(1);
    },
  );

  it('leaves a former owner that holds it', async () => {
    const world = new World();
    const a = world.start('a');
    world.start('b');
    a.answer = undefined;
    world.own('a');
    const outcome = world.list();
    await world.scheduler.runFor(100);
    expect(a.calls).toHaveLength(1);
    world.own(undefined);
    await world.scheduler.runFor(100);
    world.own('b', 3);
    expect(await world.run(outcome)).toBe('ok');
  });

  it('is made again when the stream breaks', async () => {
    const world = new World();
    const a = world.start('a');
    a.answer = undefined;
    world.own('a');
    const outcome = world.list();
    await world.scheduler.runFor(50);
    a.answer = 'ok';
    a.stream?.close();
    expect(await world.run(outcome)).toBe('ok');
    expect(a.calls).toHaveLength(2);
  });

  it('fails with what the owner says, and with what is known at the deadline', async () => {
    const world = new World();
    const a = world.start('a');
    expect(await world.run(world.list(300))).toBe('COORDINATOR_NOT_AVAILABLE');
    world.own('a');
    a.answer = 'FENCED_PRODUCER';
    expect(await world.run(world.list(300))).toBe('FENCED_PRODUCER');
    a.answer = 'COORDINATOR_LOADING';
    expect(await world.run(world.list(300))).toBe('COORDINATOR_LOADING');
    a.answer = undefined;
    expect(await world.run(world.list(300))).toBe('REQUEST_TIMED_OUT');
    world.own('nowhere', 2);
    expect(await world.run(world.list(300))).toBe('COORDINATOR_NOT_AVAILABLE');
  });

  it('has the internal topic made, once for all that need it', async () => {
    const world = new World();
    world.start('a');
    world.topics = false;
    world.refusal = new MoldauError('NOT_ENOUGH_BROKERS', 'two', {});
    expect(await world.run(world.list())).toBe('NOT_ENOUGH_BROKERS');
    world.refusal = undefined;
    const outcomes = await world.scheduler.until(Promise.all([world.list(), world.list(), world.list()]));
    expect(outcomes).toEqual(['ok', 'ok', 'ok']);
    expect(world.ensured).toBe(2);
  });
});

describe('a membership', () => {
  it('joins again at each owner and after each break, and leaves word when it is closed', async () => {
    const world = new World();
    const [a, b] = [world.start('a'), world.start('b')];
    const seen: string[] = [];
    let joins = 0;
    const join = MembershipJoin.decode(NOTHING);
    const link = world.caller.openMember('default', 'g', {
      join: () => {
        joins += 1;
        return { origin: undefined, join };
      },
      notice: ({ $case }) => void seen.push($case),
      interrupted: () => void seen.push('interrupted'),
    });
    expect(link.send({ $case: 'heartbeat', value: MembershipHeartbeat.decode(NOTHING) })).toBe(false);
    world.own('a');
    await world.scheduler.runFor(600);
    const membership = a.frames[0]?.membership ?? 0;
    expect(a.frames.map(({ frame }) => frame?.$case)).toEqual(['join']);
    expect(a.frames[0]?.frame).toMatchObject({ value: { shard: world.caller.shardOf('default', 'g') } });
    a.tell(membership, { $case: 'settings', value: MembershipSettings.decode(NOTHING) });
    await world.scheduler.runFor(100);
    a.stream?.close();
    await world.scheduler.runFor(1_000);
    expect(joins).toBe(2);
    a.tell(a.frames.at(-1)?.membership ?? 0, { $case: 'ended', value: { error: errorToItem(new MoldauError('NOT_SHARD_OWNER', '', {})) } });
    await world.scheduler.runFor(1_000);
    expect(joins).toBe(3);
    world.own('b', 2);
    await world.scheduler.runFor(50);
    expect(b.frames.map(({ frame }) => frame?.$case)).toEqual(['join']);
    link.close();
    await world.scheduler.runFor(50);
    expect(b.frames.map(({ frame }) => frame?.$case)).toEqual(['join', 'detached']);
    expect(seen).toEqual(['settings', 'interrupted', 'interrupted', 'interrupted']);
  });
});
