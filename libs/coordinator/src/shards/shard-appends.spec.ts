import { MoldauError } from '@moldau/kernel';
import {
  type AppendToShardsResponse,
  errorToItem,
  partitionService,
  type ServerCall,
  type ShardAppendCall,
  ShardKind,
  streamHandler,
} from '@moldau/protocol';
import { SeededRandom, SimNetwork, SimScheduler } from '@moldau/testkit';
import { describe, expect, it } from 'vitest';
import { ShardAppends } from './shard-appends.ts';

/** A broker that answers when the test says so, and a coordinator's appends to it. */
class World {
  readonly scheduler = new SimScheduler({ random: new SeededRandom(1) });
  readonly taken: ShardAppendCall[] = [];
  readonly appends: ShardAppends;
  readonly channel;
  stream: ServerCall<AppendToShardsResponse> | undefined;
  opened = 0;
  messages = 0;

  constructor() {
    const network = new SimNetwork({ scheduler: this.scheduler, random: new SeededRandom(2) });
    const broker = this.scheduler.createProcess();
    const handler = streamHandler(partitionService.appendToShards, (call: ServerCall<AppendToShardsResponse>) => {
      this.stream = call;
      this.opened += 1;
      return {
        message: ({ appends }) => {
          this.messages += 1;
          this.taken.push(...appends);
        },
        ended: () => call.close(),
        closed: () => {},
      };
    });
    network.node('broker', broker.scheduler).serve(9093, 'internal', new Map([[partitionService.appendToShards.path, handler]]));
    const coordinator = this.scheduler.createProcess();
    this.channel = network.node('coordinator', coordinator.scheduler).connector.connect('broker:9093');
    this.appends = new ShardAppends(coordinator.scheduler);
  }

  /** Its end, or the name of its error. */
  append(shard: number, { bytes = 0, timeoutMs = 1_000 } = {}): Promise<number | string> {
    const place = { kind: ShardKind.GROUPS, shard, shardEpoch: 1, leaderEpoch: 1, expectedEndOffset: 0 };
    return this.appends.append(this.channel, { ...place, recordBatch: new Uint8Array(bytes) }, timeoutMs).then(
      ({ endOffset }) => endOffset,
      (caught: unknown) => MoldauError.from(caught).reason,
    );
  }

  async run(): Promise<void> {
    await this.scheduler.runFor(100);
  }
}

describe('ShardAppends', () => {
  it('sends what comes in one turn in one message, and takes answers in any order', async () => {
    const world = new World();
    const outcomes = [1, 2, 3].map((shard) => world.append(shard));
    await world.run();
    expect([world.opened, world.messages, world.taken.map(({ append }) => append?.shard)]).toEqual([1, 1, [1, 2, 3]]);
    const [first, second, third] = world.taken.map(({ appendId }) => appendId);
    const error = errorToItem(new MoldauError('APPEND_CONFLICT', 'the log ends elsewhere', { end_offset: '9' }));
    world.stream?.send({ answers: [{ appendId: third!, appended: { baseOffset: 2, endOffset: 3 } }] });
    world.stream?.send({
      answers: [
        { appendId: first!, error },
        { appendId: second!, appended: { baseOffset: 1, endOffset: 2 } },
      ],
    });
    expect(await world.scheduler.until(Promise.all(outcomes))).toEqual(['APPEND_CONFLICT', 2, 3]);
  });

  it('is in doubt when time is up, and ignores an answer that comes later', async () => {
    const world = new World();
    const late = world.append(1, { timeoutMs: 200 });
    expect(await world.scheduler.until(late)).toBe('REQUEST_TIMED_OUT');
    world.stream?.send({ answers: [{ appendId: world.taken[0]!.appendId, appended: { baseOffset: 0, endOffset: 1 } }] });
    await world.run();
    const next = world.append(1);
    await world.run();
    world.stream?.send({ answers: [{ appendId: world.taken[1]!.appendId, appended: { baseOffset: 1, endOffset: 2 } }] });
    expect(await world.scheduler.until(next)).toBe(2);
    expect(world.opened).toBe(1);
  });

  it('is in doubt when the stream ends, and opens another for the next', async () => {
    const world = new World();
    const broken = [world.append(1), world.append(2)];
    await world.run();
    world.stream?.close(new MoldauError('SHUTTING_DOWN', 'the broker is stopping', {}));
    expect(await world.scheduler.until(Promise.all(broken))).toEqual(['REQUEST_TIMED_OUT', 'REQUEST_TIMED_OUT']);
    const next = world.append(3);
    await world.run();
    world.stream?.send({ answers: [{ appendId: world.taken[2]!.appendId, appended: { baseOffset: 0, endOffset: 1 } }] });
    expect(await world.scheduler.until(next)).toBe(1);
    expect(world.opened).toBe(2);
  });

  it('gives up a stream of which too much is not taken', async () => {
    const world = new World();
    const first = world.append(1);
    await world.run();
    world.stream?.pause();
    const stuck = Array.from({ length: 40 }, () => world.append(1, { bytes: 1024 * 1024, timeoutMs: 60_000 }));
    await world.run();
    expect(await world.scheduler.until(first)).toBe('REQUEST_TIMED_OUT');
    expect(world.opened).toBeGreaterThan(1);
    expect(await world.scheduler.until(stuck[0]!)).toBe('REQUEST_TIMED_OUT');
  });
});
