import { type BrokerId, MoldauError, type TopicId } from '@moldau/kernel';
import {
  callUnary,
  coordinatorService,
  type EndStagedOffsets,
  type MarkerResult,
  partitionService,
  type TransactionMarker,
} from '@moldau/protocol';
import type { ShardHandle } from '@moldau/shards';
import type { ShardKindContext, ShardKindDefinition } from '../shards/shard-kind.ts';
import { CompletionWaiters } from './completion-waiters.ts';
import { ImageDirectory } from './image-directory.ts';
import type { MarkerBrokers, MarkerGroups } from './marker-ports.ts';
import { MarkerSender } from './marker-sender.ts';
import { ProducerIdBlocks } from './producer-id-blocks.ts';
import { TransactionCalls } from './transaction-calls.ts';
import { TransactionExpiry } from './transaction-expiry.ts';
import { TransactionMachine } from './transaction-machine.ts';
import { createTransactionMetrics } from './transaction-metrics.ts';

type Context = ShardKindContext<TransactionMachine>;

/** How long one request for a block of producer ids may take. */
const ALLOCATION_TIMEOUT_MS = 10_000;

/** The shards of `__transactions` as this instance hosts them: machines, calls, markers, timeouts. */
export function createTransactionShards(context: Context): ShardKindDefinition<TransactionMachine> {
  const { deps, settings, metadata } = context;
  const { clock, scheduler, logger } = deps;
  const machines = new Set<TransactionMachine>();
  const count = (what: 'ids' | 'ongoing' | 'prepared'): number => {
    let sum = 0;
    for (const { shard } of machines) sum += shard.counts[what];
    return sum;
  };
  const metrics = createTransactionMetrics(deps.meter, {
    ids: () => count('ids'),
    ongoing: () => count('ongoing'),
    prepared: () => count('prepared'),
    undelivered: () => sender.undelivered,
  });
  const handleOf = (shard: number): ShardHandle<TransactionMachine> | undefined => ownedShard(context, shard);
  const directory = new ImageDirectory({ metadata, store: deps.store, logger, clusterName: settings.clusterName });
  const ports = { directory, brokers: markerBrokers(context), groups: markerGroups(context), handleOf, metrics };
  const sender = new MarkerSender({ ...deps, ...ports });
  const expiry = new TransactionExpiry({ clock, scheduler, logger, handleOf, metrics });
  const ids = new ProducerIdBlocks({ logger, allocate: () => allocateIds(context) });
  const waiters = new CompletionWaiters(scheduler);
  const topicName = (topicId: TopicId): string => metadata.image().topics.get(topicId)?.name ?? '';
  const calls = new TransactionCalls({ clock, ids, coordinatorId: settings.coordinatorId, topicName });
  const closed = (machine: TransactionMachine): void => {
    machines.delete(machine);
    expiry.closed(machine);
  };
  const listener = { decided: sender.decided.bind(sender), closed };
  return {
    kind: 'transactions',
    createMachine: ({ index, shardEpoch }) => new TransactionMachine({ index, shardEpoch, ids, waiters, listener }),
    calls: {
      beginSession: (shard, request, asked) => calls.beginSession(request, shard, asked),
      addToTransaction: (shard, request, asked) => calls.addToTransaction(request, shard, asked),
      endTransaction: (shard, request, asked) => calls.endTransaction(request, shard, asked),
      abortTransaction: (shard, request, asked) => calls.abortTransaction(request, shard, asked),
      listTransactions: (shard, request, asked) => calls.listTransactions(request, shard, asked),
      describeTransaction: (shard, request, asked) => calls.describeTransaction(request, shard, asked),
    },
    activated(shard) {
      const machine = shard.active();
      if (machine === undefined) return;
      machines.add(machine);
      expiry.began(machine);
      sender.began(machine);
    },
    stop: () => sender.stop(),
  };
}

function ownedShard({ shards }: Context, shard: number): ShardHandle<TransactionMachine> | undefined {
  try {
    return shards.get(shard);
  } catch (caught) {
    if (MoldauError.from(caught).reason === 'NOT_SHARD_OWNER') return undefined;
    throw caught;
  }
}

async function allocateIds({ controller, settings }: Context): Promise<{ readonly firstProducerId: number; readonly count: number }> {
  const request = { brokerId: 0, brokerEpoch: 0, coordinatorId: settings.coordinatorId };
  return controller.call(coordinatorService.allocateProducerIds, request, ALLOCATION_TIMEOUT_MS);
}

function markerBrokers({ brokers }: Context): MarkerBrokers {
  return {
    async writeMarkers(broker: BrokerId, markers: readonly TransactionMarker[], timeoutMs: number): Promise<readonly MarkerResult[]> {
      const request = { markers: [...markers] };
      return (await callUnary(brokers.channel(broker), partitionService.writeMarkers, request, { timeoutMs })).results;
    },
  };
}

function markerGroups({ calls, settings }: Context): MarkerGroups {
  const caller = `coordinator/${settings.coordinatorId}`;
  return {
    async endStagedOffsets(shard: number, namespace: string, value: EndStagedOffsets, timeoutMs: number): Promise<void> {
      const origin = { principal: caller, namespace, clientId: caller, clientHost: '', traceparent: '' };
      await calls.callShard(shard, { $case: 'endStagedOffsets', value }, { origin, timeoutMs });
    },
  };
}
