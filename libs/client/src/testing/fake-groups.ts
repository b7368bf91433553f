import { type CallHandler, type MethodPath, MoldauError } from '@moldau/kernel';
import {
  groupService,
  type MembershipRequest,
  type MembershipResponse,
  type ServerCall,
  type ServerStreamEvents,
  streamHandler,
  unaryHandler,
} from '@moldau/protocol';
import type { FakeCluster, FakeStream } from './fake-cluster.ts';
import type { FakeGroup } from './fake-group.ts';

/** GroupService, as the real broker. */
export function fakeGroupHandlers(cluster: FakeCluster, brokerId: number): [MethodPath, CallHandler][] {
  return [
    [groupService.membership.path, streamHandler(groupService.membership, (call) => new MembershipStream(cluster, brokerId, call))],
    [
      groupService.fetchOffsets.path,
      unaryHandler(groupService.fetchOffsets, async ({ groupId, partitions }) => {
        const fault = cluster.faults.fetchOffsets?.();
        if (fault !== undefined) throw fault;
        const { committed } = cluster.group(groupId);
        const offsets = partitions.flatMap(({ topicId, partitions: indexes }) =>
          indexes.map((partition) => ({ topicId, topicName: '', partition, metadata: '', ...committed.get(`${topicId}:${partition}`) })),
        );
        return { offsets, nextPageToken: '' };
      }),
    ],
  ];
}

class MembershipStream implements ServerStreamEvents<MembershipRequest>, FakeStream {
  readonly #cluster: FakeCluster;
  readonly #brokerId: number;
  readonly #call: ServerCall<MembershipResponse>;
  #group: FakeGroup | undefined;
  #memberId = '';

  constructor(cluster: FakeCluster, brokerId: number, call: ServerCall<MembershipResponse>) {
    const fault = cluster.faults.membership?.(brokerId);
    if (fault !== undefined) throw fault;
    this.#cluster = cluster;
    this.#brokerId = brokerId;
    this.#call = call;
    cluster.streams.get(brokerId)?.add(this);
  }

  goAway(): void {
    this.#call.send({ frame: { $case: 'goAway', value: { message: 'the broker stops' } } });
  }

  break(): void {
    this.#call.close(new MoldauError('CONNECTION_FAILED', 'the stream was broken by the script'));
    this.closed();
  }

  message({ frame }: MembershipRequest): void {
    switch (frame?.$case) {
      case 'join':
        this.#group = this.#cluster.group(frame.value.groupId);
        this.#memberId = frame.value.memberId;
        this.#group.join(frame.value, this.#call);
        return;
      case 'heartbeat':
        this.#group?.heartbeat(this.#memberId, frame.value.memberEpoch, frame.value.processingForMs);
        return;
      case 'subscribe':
        this.#group?.subscribe(this.#memberId, frame.value.topicNames, frame.value.topicPattern);
        return;
      case 'commit':
        this.#group?.commit(this.#memberId, frame.value);
        return;
      case 'leave':
        this.#group?.leave(this.#memberId, frame.value.returning);
        return;
      case undefined:
    }
  }

  ended(): void {
    this.#call.close();
  }

  closed(): void {
    this.#group?.detach(this.#memberId, this.#call);
    this.#cluster.streams.get(this.#brokerId)?.delete(this);
  }
}
