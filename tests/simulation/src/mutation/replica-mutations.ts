import type { LogStore, PartitionLog } from '@moldau/broker';
import type { CallHandlers, Connector } from '@moldau/kernel';
import {
  fetchService,
  type ListOffsetsResponse,
  type OffsetQueryResult,
  type ReplicaPosition,
  type ReplicateRequest,
  replicationService,
} from '@moldau/protocol';
import { wrapEach } from './delegating-logs.ts';
import type { BrokerMutation } from './mutation.ts';
import { rewriteAnswers, rewriteCalls } from './rewritten-calls.ts';

/** A follower tells its leader what it has received as if that were on its disk. */
export function acknowledgesReceived(connector: Connector): Connector {
  const boast = (position: ReplicaPosition): ReplicaPosition[] => {
    const { receivedEnd } = position;
    return [{ ...position, writtenEnd: receivedEnd, flushedEnd: receivedEnd }];
  };
  return rewriteCalls(connector, { method: replicationService.replicate, request: eachPosition(boast) });
}

/** A leader does not look at the epoch of a follower's last batch: it sends on from the end that it is told. */
export function ignoresLastEpoch(handlers: CallHandlers): CallHandlers {
  return rewriteAnswers(handlers, { method: replicationService.replicate, request: eachPosition((position) => [blindly(position)]) });
}

/** A leader counts the ends that a follower tells before it has compared the logs; then it compares them. */
export function countsUnverified(handlers: CallHandlers): CallHandlers {
  const twice = (position: ReplicaPosition): ReplicaPosition[] =>
    position.lastFetchedEpoch === undefined ? [position] : [blindly(position), { ...position, topicId: '', partition: 0 }];
  return rewriteAnswers(handlers, { method: replicationService.replicate, request: eachPosition(twice) });
}

/** A leader counts the furthest end that it has ever heard of a follower, whatever the follower has now. */
export function trustsEarlierFetches(): BrokerMutation {
  const furthest = new Map<string, number>();
  const streamOf = (): ((request: ReplicateRequest) => ReplicateRequest) => {
    let follower = 0;
    const names = new Map<number, string>();
    const remember = (position: ReplicaPosition): ReplicaPosition[] => {
      const { positionId, topicId, partition, flushedEnd } = position;
      if (topicId !== '') names.set(positionId, `${follower}/${topicId}/${partition}`);
      const name = names.get(positionId) ?? '';
      const end = Math.max(furthest.get(name) ?? 0, flushedEnd);
      furthest.set(name, end);
      if (end === flushedEnd) return [position];
      const ends = { receivedEnd: end, writtenEnd: end, flushedEnd: end };
      return [position, { ...position, topicId: '', partition: 0, lastFetchedEpoch: undefined, ...ends }];
    };
    return (request) => {
      if (request.frame?.$case === 'open') follower = request.frame.value.brokerId;
      return eachPosition(remember)(request);
    };
  };
  return { internalHandlers: (handlers) => rewriteAnswers(handlers, { method: replicationService.replicate, streamOf }) };
}

/** A new leader says where the log ends before it knows: what its high watermark is then, a former leader may have shown more. */
export function answersTooEarly(): BrokerMutation {
  const logs = new Map<string, PartitionLog>();
  const keyOf = (topicId: string, partition: number): string => `${topicId}/${partition}`;
  const guess = (result: OffsetQueryResult): OffsetQueryResult => {
    const offset = logs.get(keyOf(result.topicId, result.partition))?.highWatermark;
    return result.error?.reason === TOO_EARLY ? { ...result, offset, error: undefined } : result;
  };
  const response = ({ results }: ListOffsetsResponse): ListOffsetsResponse => ({ results: results.map(guess) });
  return {
    logs: (store: LogStore) =>
      wrapEach(store, (log, topicId, partition) => {
        logs.set(keyOf(topicId, partition), log);
        return log;
      }),
    clientHandlers: (handlers) => rewriteAnswers(handlers, { method: fetchService.listOffsets, response }),
  };
}

/** Last epoch of a log without a batch, on the wire. */
const EMPTY_LOG = -1;
/** What a new leader says that does not know yet how far the log is confirmed. */
const TOO_EARLY = 'LEADER_NOT_AVAILABLE';

/** The same question from a follower whose log is empty, with which every log that reaches its end agrees. */
function blindly(position: ReplicaPosition): ReplicaPosition {
  return position.lastFetchedEpoch === undefined ? position : { ...position, lastFetchedEpoch: EMPTY_LOG };
}

function eachPosition(change: (position: ReplicaPosition) => readonly ReplicaPosition[]): (request: ReplicateRequest) => ReplicateRequest {
  return ({ frame }) =>
    frame?.$case === 'positions'
      ? { frame: { $case: 'positions', value: { positions: frame.value.positions.flatMap(change) } } }
      : { frame };
}
