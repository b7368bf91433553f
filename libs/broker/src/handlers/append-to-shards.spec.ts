import { type AppendToShardsResponse, openStream, partitionService, type ShardAppendCall, ShardKind } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { batchOf, SimBroker } from '../testing/sim-broker.ts';

const INTERNAL = { internal: true, configs: { 'cleanup.policy': 'compact' } };

/** Which append, and what became of it. */
type Told = readonly [appendId: number, reason: string | undefined, endOffset: number | undefined];

class StreamRig {
  readonly told: Told[] = [];
  closed: string | undefined;
  readonly #call: ReturnType<typeof openStream<{ appends: ShardAppendCall[] }, AppendToShardsResponse>>;
  readonly #sim: SimBroker;

  constructor(sim: SimBroker, address = 'broker:9093') {
    this.#sim = sim;
    const channel = sim.network.node('coordinator', sim.scheduler).connector.connect(address);
    this.#call = openStream(
      channel,
      partitionService.appendToShards,
      {},
      {
        message: ({ answers }) => {
          for (const { appendId, error, appended } of answers) this.told.push([appendId, error?.reason, appended?.endOffset]);
        },
        closed: (error) => {
          this.closed = error?.reason ?? 'OK';
        },
      },
    );
  }

  /** A mark of epoch 1, or a batch of one record, where the log is expected to end. */
  append(appendId: number, end: number | undefined, { timeoutMs = 5_000, isMark = false } = {}): ShardAppendCall {
    const mark = isMark || end === undefined;
    const recordBatch = mark ? new Uint8Array() : batchOf(['a'], { key: 'k', timestampMs: this.#sim.process.clock.wallMs() });
    const place = { kind: ShardKind.GROUPS, shard: 0, shardEpoch: 1, leaderEpoch: 1 };
    return { appendId, timeoutMs, append: { ...place, expectedEndOffset: end, recordBatch } };
  }

  send(...appends: ShardAppendCall[]): void {
    this.#call.send({ appends });
  }
}

async function started(): Promise<{ sim: SimBroker; rig: StreamRig }> {
  const sim = await SimBroker.started();
  await sim.topic('__groups', INTERNAL);
  return { sim, rig: new StreamRig(sim) };
}

describe('AppendToShards', () => {
  it('tries appends in the order in which they come, and answers each', async () => {
    const { sim, rig } = await started();
    rig.send(rig.append(1, undefined), rig.append(2, 1), rig.append(3, 2));
    rig.send(rig.append(4, 2), rig.append(5, 3, { isMark: true }));
    await sim.scheduler.runFor(200);
    expect([...rig.told].sort(([one], [other]) => one - other)).toEqual([
      [1, undefined, 1],
      [2, undefined, 2],
      [3, undefined, 3],
      [4, 'APPEND_CONFLICT', undefined],
      [5, undefined, 4],
    ]);
  });

  it('answers what is not an append, and goes on', async () => {
    const { sim, rig } = await started();
    rig.send({ appendId: 1, append: undefined, timeoutMs: 1_000 }, rig.append(2, undefined, { timeoutMs: 0 }), rig.append(3, undefined));
    await sim.scheduler.runFor(200);
    expect([...rig.told].sort(([one], [other]) => one - other)).toEqual([
      [1, 'INVALID_REQUEST', undefined],
      [2, 'INVALID_REQUEST', undefined],
      [3, undefined, 1],
    ]);
  });

  it('ends a stream with more unanswered appends than it may have', async () => {
    const { sim, rig } = await started();
    rig.send(...Array.from({ length: 10_001 }, (_, at) => rig.append(at, 0, { isMark: true })));
    await sim.scheduler.runFor(200);
    expect(rig.closed).toBe('SHARD_OVERLOADED');
    expect(rig.told).toEqual([]);
  });

  it('says when an append is not committed within its time', async () => {
    const sim = await SimBroker.started();
    await sim.topic('__groups', { ...INTERNAL, minIsr: 2, replicas: [1, 2] });
    const rig = new StreamRig(sim);
    rig.send(rig.append(1, undefined, { timeoutMs: 300 }), rig.append(2, undefined, { timeoutMs: 5_000 }));
    await sim.scheduler.runFor(1_000);
    expect(rig.told).toEqual([
      [2, 'APPEND_CONFLICT', undefined],
      [1, 'REQUEST_TIMED_OUT', undefined],
    ]);
  });

  it('answers what it owes when the broker stops, and ends', async () => {
    const { sim, rig } = await started();
    rig.send(rig.append(1, undefined));
    await sim.scheduler.runFor(100);
    await sim.scheduler.until(sim.broker.shutdown());
    await sim.scheduler.runFor(100);
    expect(rig.told).toEqual([[1, undefined, 1]]);
    expect(rig.closed).toBe('OK');
  });
});
