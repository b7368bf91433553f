import {
  assertDrainable,
  cancelReassignment,
  drainProgress,
  movesFrom,
  type PartitionPlace,
  partitionOf,
  partitionWrite,
} from '@moldau/cluster';
import { MoldauError } from '@moldau/kernel';
import { DrainAction, type DrainBrokerRequest, type DrainBrokerResponse } from '@moldau/protocol';
import { changeBroker, findBroker } from './cordon-broker.ts';
import type { RequestContext } from './request-context.ts';

/** DrainBroker: begins, ends or shows a drain. The moves themselves are the rebalancer's and the reconciler's. */
export async function drainBroker(request: DrainBrokerRequest, context: RequestContext): Promise<DrainBrokerResponse> {
  const { keeper } = context;
  const { brokerId } = findBroker(keeper.image(), request.brokerId);
  switch (request.action) {
    case DrainAction.START: {
      const check = (image: Parameters<typeof assertDrainable>[0]): void => assertDrainable(image, brokerId);
      await changeBroker(request, context, { change: { cordoned: true, draining: true }, check });
      break;
    }
    case DrainAction.CANCEL:
      await changeBroker(request, context, { change: { cordoned: false, draining: false } });
      if (!request.dryRun) await takeBack(movesFrom(keeper.image(), brokerId), context);
      break;
    case DrainAction.UNSPECIFIED:
      break;
    case DrainAction.UNRECOGNIZED:
      throw new MoldauError('INVALID_REQUEST', 'the action of a drain is start, cancel, or nothing', { field: 'action' });
  }
  const image = keeper.image();
  return { draining: findBroker(image, brokerId).draining, ...drainProgress(image, brokerId) };
}

/** Cancels moves; one that the partition needs by now to be safe goes on to its end. */
async function takeBack(moves: readonly PartitionPlace[], { controller }: RequestContext): Promise<void> {
  await controller.writer.changeEach(moves, (image, { topicId, partition: index }) => {
    const partition = partitionOf(image, topicId, index);
    if (partition === undefined) return { write: undefined, result: undefined };
    try {
      const state = cancelReassignment(partition, image.brokers);
      return { write: partitionWrite(topicId, index, partition, state), result: undefined };
    } catch (error) {
      if (!(error instanceof MoldauError)) throw error;
      return { write: undefined, result: undefined };
    }
  });
}
