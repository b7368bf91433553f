import { MoldauError, type Scheduler } from '@moldau/kernel';
import {
  errorToItem,
  type MarkerResult,
  partitionService,
  type TransactionMarker,
  TransactionOutcome,
  type WriteMarkersRequest,
  type WriteMarkersResponse,
} from '@moldau/protocol';
import type { MarkerClaim } from '@moldau/storage';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { type BatchSink, PendingBatch } from '../partition/pending-batch.ts';
import { assertCount, invalidField, PRODUCE_TIMEOUT_MS_DEFAULT } from '../produce/produce-terms.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';
import type { RequestContext } from '../request/request-context.ts';

const MARKERS_MAX = 1_000;
/** Partitions of all markers of a request. */
const PARTITIONS_MAX = 10_000;
/** Markers appended in one turn of the event loop: well below 5 ms. */
const MARKERS_PER_TURN = 200;
const EPOCH_MAX = 32_767;

export interface WriteMarkersDeps {
  readonly scheduler: Scheduler;
  readonly locator: PartitionLocator;
  readonly nowMs: () => number;
}

/** One marker for one partition. */
interface Placed {
  readonly topicId: string;
  readonly partition: number;
  readonly claim: MarkerClaim;
}

/**
 * `PartitionService.WriteMarkers`: appends the markers of decided transactions to the partitions led here, and answers when each is
 * committed or refused. A marker that is there already is not appended again; it is answered when what is there is committed.
 */
export function writeMarkersMethod(deps: WriteMarkersDeps): RegisteredMethod {
  return unary(partitionService.writeMarkers, (request, context) => writeMarkers(deps, request, context));
}

async function writeMarkers(deps: WriteMarkersDeps, request: WriteMarkersRequest, context: RequestContext): Promise<WriteMarkersResponse> {
  assertCount('markers', request.markers.length, MARKERS_MAX);
  const placed = request.markers.flatMap(placesOf);
  assertCount('markers.partitions', placed.length, PARTITIONS_MAX);
  const arrivedMs = deps.nowMs();
  const deadlineMs = context.deadlineMs ?? arrivedMs + PRODUCE_TIMEOUT_MS_DEFAULT;
  const results: Promise<MarkerResult>[] = [];
  for (let at = 0; at < placed.length; at += MARKERS_PER_TURN) {
    if (at > 0) await new Promise<void>((resolve) => deps.scheduler.nextTurn(resolve));
    for (const place of placed.slice(at, at + MARKERS_PER_TURN)) results.push(write(deps.locator, place, arrivedMs, deadlineMs));
  }
  return { results: await Promise.all(results) };
}

/** Settles when the marker is committed or refused; never rejects. */
function write(locator: PartitionLocator, place: Placed, arrivedMs: number, deadlineMs: number): Promise<MarkerResult> {
  return new Promise((resolve) => {
    const sink: BatchSink = { completed: ({ error }) => resolve({ error: error === undefined ? undefined : errorToItem(error) }) };
    const pending = new PendingBatch(sink, 0, 0, 'all', arrivedMs, deadlineMs);
    try {
      locator.locateAny(place.topicId, place.partition).appendMarker(pending, place.claim);
    } catch (caught) {
      pending.fail(MoldauError.from(caught));
    }
  });
}

/** @throws MoldauError INVALID_REQUEST */
function placesOf(marker: TransactionMarker): Placed[] {
  const { producerId, producerEpoch, shardEpoch: coordinatorEpoch, partitions } = marker;
  if (!Number.isSafeInteger(producerId) || producerId < 0) throw invalidField('markers.producer_id', producerId, '≥ 0');
  // The first transaction is of epoch 0, so a marker's is at least 1.
  if (producerEpoch < 1 || producerEpoch > EPOCH_MAX) throw invalidField('markers.producer_epoch', producerEpoch, `1 … ${EPOCH_MAX}`);
  if (coordinatorEpoch < 0) throw invalidField('markers.shard_epoch', coordinatorEpoch, '≥ 0');
  const claim = { producerId, producerEpoch, outcome: outcomeOf(marker.outcome), coordinatorEpoch };
  return partitions.flatMap(({ topicId, partitions: indexes }) => indexes.map((partition) => ({ topicId, partition, claim })));
}

function outcomeOf(outcome: TransactionOutcome): MarkerClaim['outcome'] {
  switch (outcome) {
    case TransactionOutcome.COMMIT:
      return 'commit';
    case TransactionOutcome.ABORT:
      return 'abort';
    case TransactionOutcome.UNSPECIFIED:
    default:
      throw invalidField('markers.outcome', outcome, 'commit or abort');
  }
}
