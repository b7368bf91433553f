import { openStream, type ReplicaPosition, type ReplicateRequest, type ReplicateResponse, replicationService } from '@moldau/protocol';
import { describe, expect, it } from 'vitest';
import { FAKE_CLUSTER_ID } from '../testing/fake-controller.ts';
import { SimCluster } from '../testing/sim-cluster.ts';

/** A follower played by the test, in the place of broker 2. */
class PlayedFollower {
  readonly messages: ReplicateResponse[] = [];
  closed: string | undefined;
  readonly cluster: SimCluster;
  readonly topicId: string;
  readonly call: ReturnType<typeof openStream<ReplicateRequest, ReplicateResponse>>;

  constructor(cluster: SimCluster, topicId: string) {
    this.cluster = cluster;
    this.topicId = topicId;
    const { scheduler } = cluster.broker(1);
    const channel = cluster.network.node('played', scheduler.createProcess().scheduler).connector.connect('broker1:9093');
    this.call = openStream(
      channel,
      replicationService.replicate,
      {},
      {
        message: (message) => void this.messages.push(message),
        closed: (error) => {
          this.closed = error?.reason ?? 'OK';
        },
      },
    );
  }

  /** Broker 1 leads; broker 2 is registered, and dead. */
  static async ready(): Promise<PlayedFollower> {
    const cluster = await SimCluster.started(2);
    const topicId = await cluster.topic({ replicas: [1, 2], minIsr: 1 });
    cluster.kill(2);
    cluster.controller.partitions.change(topicId, { isr: [1, 2] });
    await cluster.runFor(100);
    return new PlayedFollower(cluster, topicId);
  }

  async open(fields: Partial<Parameters<PlayedFollower['openFrame']>[0]> = {}): Promise<void> {
    this.call.send(
      this.openFrame({ clusterId: FAKE_CLUSTER_ID, brokerEpoch: this.cluster.controller.brokerEpoch(2), leaderId: 1, ...fields }),
    );
    await this.cluster.runFor(50);
  }

  openFrame(fields: { clusterId: string; brokerEpoch: number; leaderId: number }): ReplicateRequest {
    return { frame: { $case: 'open', value: { ...fields, brokerId: 2, creditBytes: 1_000_000, maxMessageBytes: 100_000 } } };
  }

  async tell(fields: Partial<ReplicaPosition>): Promise<void> {
    const { topicId } = this;
    const ends = { receivedEnd: 0, writtenEnd: 0, flushedEnd: 0 };
    const position = { positionId: 1, topicId, partition: 0, leaderEpoch: 1, lastFetchedEpoch: undefined, ...ends, ...fields };
    this.call.send({ frame: { $case: 'positions', value: { positions: [position] } } });
    await this.cluster.runFor(50);
  }

  /** News of the partition so far: what was said of it, and how many bytes of batches came. */
  get news(): unknown[] {
    return this.messages.flatMap(({ frame }) =>
      frame?.$case !== 'news'
        ? []
        : frame.value.partitions.map(({ highWatermark, diverging, error, recordBatches }) => ({
            highWatermark,
            bytes: recordBatches.length,
            ...(diverging === undefined ? {} : { diverging: [diverging.epoch, diverging.endOffset] }),
            ...(error === undefined ? {} : { error: error.reason }),
          })),
    );
  }
}

describe('Replicate', () => {
  it('refuses another cluster, another broker, and another life of the follower', async () => {
    for (const [fields, reason] of [
      [{ clusterId: '22222222-2222-4222-8222-222222222222' }, 'WRONG_CLUSTER'],
      [{ leaderId: 3 }, 'WRONG_BROKER'],
      [{ brokerEpoch: 1 }, 'FENCED_BROKER'],
      [{ brokerEpoch: 1_000 }, 'BROKER_STARTING'],
    ] as const) {
      const follower = await PlayedFollower.ready();
      await follower.open(fields);
      expect(follower.closed).toBe(reason);
    }
  });

  it('ends when a newer life of the follower registers', async () => {
    const follower = await PlayedFollower.ready();
    await follower.open();
    expect(follower.closed).toBeUndefined();
    await follower.cluster.restart(2);
    await follower.cluster.runFor(50);
    expect(follower.closed).toBe('FENCED_BROKER');
  });

  it('answers in the epochs that are not its own, and in partitions that are not here', async () => {
    const follower = await PlayedFollower.ready();
    await follower.open();
    await follower.tell({ leaderEpoch: 0, lastFetchedEpoch: -1 });
    await follower.tell({ leaderEpoch: 2, lastFetchedEpoch: -1 });
    await follower.tell({ positionId: 2, partition: 7, lastFetchedEpoch: -1 });
    const errors = ['FENCED_LEADER_EPOCH', 'UNKNOWN_LEADER_EPOCH', 'UNKNOWN_TOPIC'];
    expect(follower.news).toEqual(errors.map((error) => ({ highWatermark: 0, bytes: 0, error })));
  });

  it('sends what is written, and confirms what the follower has flushed', async () => {
    const follower = await PlayedFollower.ready();
    const { cluster, topicId } = follower;
    await follower.open();
    await follower.tell({ lastFetchedEpoch: -1 });
    expect((await cluster.produce(1, topicId, ['a'], 200)).error?.reason).toBe('REQUEST_TIMED_OUT');
    expect(follower.news).toMatchObject([{ highWatermark: 0, bytes: 0 }, { highWatermark: 0 }]);
    await follower.tell({ receivedEnd: 1, writtenEnd: 1, flushedEnd: 0 });
    expect(follower.news).toHaveLength(2);
    await follower.tell({ receivedEnd: 1, writtenEnd: 1, flushedEnd: 1 });
    expect(follower.news.at(-1)).toEqual({ highWatermark: 1, bytes: 0 });
  });

  it('counts nothing of a follower whose log parts from its own, and tells where', async () => {
    const follower = await PlayedFollower.ready();
    const { cluster, topicId } = follower;
    await follower.open();
    await cluster.produce(1, topicId, ['a'], 100);
    // It ends elsewhere in the leader's only epoch, and acknowledges although it was not told to.
    await follower.tell({ receivedEnd: 5, writtenEnd: 5, flushedEnd: 5, lastFetchedEpoch: 1 });
    await follower.tell({ receivedEnd: 5, writtenEnd: 5, flushedEnd: 5 });
    expect(follower.news).toEqual([{ highWatermark: 0, bytes: 0, diverging: [1, 1] }]);
    await follower.tell({ receivedEnd: 1, writtenEnd: 1, flushedEnd: 1, lastFetchedEpoch: 1 });
    expect(follower.news.at(-1)).toEqual({ highWatermark: 1, bytes: 0 });
  });

  it('counts nothing of an earlier epoch when it leads again, before a follower that does not read has heard of it', async () => {
    const follower = await PlayedFollower.ready();
    const { cluster, topicId } = follower;
    await follower.open();
    await follower.tell({ lastFetchedEpoch: -1 });
    follower.call.pause();
    // More than a stream takes that nobody reads: what the leader would say next waits.
    await cluster.produce(1, topicId, ['a'.repeat(200_000)], 100);
    cluster.controller.partitions.elect(topicId, 1, [1, 2]);
    await cluster.runFor(50);
    await follower.tell({ leaderEpoch: 1, receivedEnd: 2, writtenEnd: 2, flushedEnd: 2 });
    expect((await cluster.produce(1, topicId, ['b'], 200)).error?.reason).toBe('REQUEST_TIMED_OUT');
  });

  it('says that it is there when it has nothing else to say', async () => {
    const follower = await PlayedFollower.ready();
    await follower.open();
    await follower.cluster.runFor(1_600);
    expect(follower.messages.map(({ frame }) => frame?.$case)).toEqual(['heartbeat', 'heartbeat', 'heartbeat']);
  });

  it('refuses ends that can not be', async () => {
    const follower = await PlayedFollower.ready();
    await follower.open();
    await follower.tell({ receivedEnd: 0, writtenEnd: 1, flushedEnd: 2, lastFetchedEpoch: -1 });
    expect(follower.closed).toBe('INVALID_REQUEST');
  });
});
