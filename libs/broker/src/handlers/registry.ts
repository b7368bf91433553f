import type { Clock } from '@moldau/kernel';
import type { ShardCalls } from '@moldau/shards';
import type { BrokerParts } from '../broker-parts.ts';
import { Publisher } from '../gateway/publish.ts';
import { groupMethods } from '../groups/group-methods.ts';
import type { CatchUp } from '../metadata/catch-up.ts';
import { SelectedPartitions } from '../partition/selected-partitions.ts';
import type { RegisteredMethod } from '../request/registered-method.ts';
import type { Forwarder } from '../session/forwarder.ts';
import type { ProducerIds } from '../session/producer-ids.ts';
import { subscriptionPorts } from '../subscriptions/broker-ports.ts';
import { Subscriptions } from '../subscriptions/subscriptions.ts';
import type { TransactionCoordinator } from '../transactions/transaction-coordinator.ts';
import { abortHangingTransactionMethod } from './abort-hanging-transaction.ts';
import { abortTransactionMethod } from './abort-transaction.ts';
import { addPartitionsMethod } from './add-partitions.ts';
import { alterConfigsMethod } from './alter-configs.ts';
import { appendToShardMethod } from './append-to-shard.ts';
import { appendToShardsMethod } from './append-to-shards.ts';
import { beginProducerSessionMethod } from './begin-producer-session.ts';
import { commitTransactionOffsetsMethod } from './commit-transaction-offsets.ts';
import { controllerCalls } from './controller-calls.ts';
import { createTopicsMethod } from './create-topics.ts';
import { deleteRecordsMethod } from './delete-records.ts';
import { deleteTopicsMethod } from './delete-topics.ts';
import { describeClusterMethod } from './describe-cluster.ts';
import { describeConfigsMethod } from './describe-configs.ts';
import { describeProducersMethod } from './describe-producers.ts';
import { describeReplicasMethod } from './describe-replicas.ts';
import { describeTopicsMethod } from './describe-topics.ts';
import { describeTransactionsMethod } from './describe-transactions.ts';
import { endTransactionMethod } from './end-transaction.ts';
import { fetchMethod } from './fetch.ts';
import { fetchStreamMethod } from './fetch-stream.ts';
import { getMetadataMethod } from './get-metadata.ts';
import { initProducerMethod } from './init-producer.ts';
import { listOffsetsMethod } from './list-offsets.ts';
import { listTopicsMethod } from './list-topics.ts';

import { listTransactionsMethod } from './list-transactions.ts';

import { measureLagMethod } from './measure-lag.ts';

import { offsetForLeaderEpochMethod } from './offset-for-leader-epoch.ts';
import { produceMethod } from './produce.ts';
import { produceStreamMethod } from './produce-stream.ts';
import { publishMethod } from './publish.ts';
import { publishStreamMethod } from './publish-stream.ts';
import { readMethod } from './read.ts';
import { readShardMethod } from './read-shard.ts';
import { replicateMethod } from './replicate.ts';
import { subscribeMethod } from './subscribe.ts';
import { watchMetadataMethod } from './watch-metadata.ts';
import { writeMarkersMethod } from './write-markers.ts';

/** What handlers need beside the broker's own parts: the way to the controller. */
export interface ControllerParts {
  readonly forwarder: Forwarder;
  readonly producerIds: ProducerIds;
  readonly catchUp: CatchUp;
  /** Owners of shards of group and transaction state. */
  readonly shards: ShardCalls;
  readonly transactions: TransactionCoordinator;
}

/** Every method of the client listener. What is not in this table is not served. */
export function clientMethods(parts: BrokerParts, controller: ControllerParts): readonly RegisteredMethod[] {
  const { deps, settings, cluster, locator, topicSettings, intake, wheel, streams } = parts;
  const { clock, scheduler } = deps;
  const { forwarder, producerIds, catchUp, transactions } = controller;
  const selected = new SelectedPartitions(cluster, locator);
  const produceDeps = { intake, budget: parts.produceBudget };
  const metadataDeps = { cluster, settings: topicSettings, brokerId: settings.brokerId };
  const fetchDeps = { locator, scheduler, wheel, budget: parts.fetchBudget, share: parts.fetchShare, metrics: parts.fetchMetrics };
  const forwarded = { forwarder, catchUp };
  return [
    // ProducerService
    initProducerMethod(producerIds),
    produceMethod(produceDeps),
    produceStreamMethod({ ...produceDeps, share: parts.produceShare, scheduler, streams, maxBatchBytes: settings.maxBatchBytes }),
    // FetchService
    fetchMethod(fetchDeps),
    fetchStreamMethod({ ...fetchDeps, clock, streams }),
    listOffsetsMethod(locator),
    offsetForLeaderEpochMethod(locator),
    // MetadataService
    getMetadataMethod(metadataDeps),
    watchMetadataMethod({ ...metadataDeps, scheduler, wheel, streams }),
    // AdminService
    createTopicsMethod(forwarded),
    deleteTopicsMethod(forwarded),
    addPartitionsMethod(forwarded),
    alterConfigsMethod(forwarder),
    describeConfigsMethod(forwarder),
    describeClusterMethod(forwarder),
    ...controllerCalls(forwarder),
    listTopicsMethod(cluster),
    describeTopicsMethod(cluster, topicSettings),
    deleteRecordsMethod(locator),
    describeReplicasMethod(clock, locator),
    ...transactionMethods(clock, controller.shards),
    describeProducersMethod(selected),
    abortHangingTransactionMethod({ clock, selected, transactions }),
    ...gatewayMethods(parts, controller.shards),
    ...groupMethods(parts, controller.shards),
  ];
}

/** TransactionService, and what operators ask of transactions. */
function transactionMethods(clock: Clock, shards: ShardCalls): readonly RegisteredMethod[] {
  return [
    beginProducerSessionMethod(clock, shards),
    commitTransactionOffsetsMethod(clock, shards),
    endTransactionMethod(clock, shards),
    listTransactionsMethod(clock, shards),
    describeTransactionsMethod(clock, shards),
    abortTransactionMethod(clock, shards),
  ];
}

/** GatewayService. */
function gatewayMethods(parts: BrokerParts, shards: ShardCalls): readonly RegisteredMethod[] {
  const { deps, settings, cluster, locator, topicSettings, wheel, streams, peers } = parts;
  const { clock, scheduler, compute } = deps;
  const { brokerId } = settings;
  const produce = { intake: parts.intake, budget: parts.produceBudget };
  const publisher = new Publisher({ clock, scheduler, cluster, settings: topicSettings, locator, produce, peers, brokerId });
  const { fetchShare: share, fetchMetrics: metrics, decoding } = parts;
  return [
    publishMethod(publisher),
    publishStreamMethod({ publisher, locator, streams }),
    readMethod({ clock, scheduler, wheel, compute, cluster, locator, share, metrics, streams, decoding, peers, brokerId }),
    subscribeMethod({ ids: deps.ids, subscriptions: new Subscriptions(subscriptionPorts(parts, shards), streams) }),
  ];
}

/** Every method of the internal listener: what another broker's Gateway and coordinators need of the leaders here. */
export function internalMethods(parts: BrokerParts): readonly RegisteredMethod[] {
  const { deps, cluster, locator, intake, wheel } = parts;
  const { clock, scheduler } = deps;
  const shardDeps = { clock, cluster, locator, budget: parts.produceBudget };
  const fetchDeps = { locator, scheduler, wheel, budget: parts.fetchBudget, share: parts.fetchShare, metrics: parts.fetchMetrics };
  return [
    // Of another broker's Gateway
    produceMethod({ intake, budget: parts.produceBudget }),
    fetchMethod(fetchDeps),
    listOffsetsMethod(locator),
    // PartitionService
    measureLagMethod(parts.table),
    writeMarkersMethod({ scheduler, locator, nowMs: () => clock.monotonicMs() }),
    appendToShardMethod(shardDeps),
    appendToShardsMethod({ ...shardDeps, scheduler, streams: parts.streams }),
    readShardMethod({ scheduler, cluster, locator }),
  ];
}

/** What followers ask of the leaders here, on the internal listener; served for as long as there are leaders here. */
export function replicationMethods(parts: BrokerParts): readonly RegisteredMethod[] {
  const { deps, settings, wheel, cluster, table, replicationBudget: budget, replicationShare: share } = parts;
  const { replicationMetrics: metrics, replicaStreams: streams } = parts;
  return [replicateMethod({ brokerId: settings.brokerId, logger: deps.logger, wheel, cluster, table, budget, share, metrics, streams })];
}
