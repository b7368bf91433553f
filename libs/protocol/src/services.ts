import { CoordinatorServiceDefinition } from './gen/moldau/internal/v1/coordinator.ts';
import { PartitionServiceDefinition } from './gen/moldau/internal/v1/partitions.ts';
import { ReplicationServiceDefinition } from './gen/moldau/internal/v1/replication.ts';
import { ShardServiceDefinition } from './gen/moldau/internal/v1/shards.ts';
import { AdminServiceDefinition } from './gen/moldau/v1/admin.ts';
import { ConnectorServiceDefinition } from './gen/moldau/v1/connector.ts';
import { FetchServiceDefinition } from './gen/moldau/v1/fetch.ts';
import { GatewayServiceDefinition } from './gen/moldau/v1/gateway.ts';
import { GroupServiceDefinition } from './gen/moldau/v1/group.ts';
import { MetadataServiceDefinition } from './gen/moldau/v1/metadata.ts';
import { ProducerServiceDefinition } from './gen/moldau/v1/producer.ts';
import { TransactionServiceDefinition } from './gen/moldau/v1/transaction.ts';
import { methodsOf } from './method.ts';

/** Public services, on the listener for clients. */
export const producerService = methodsOf(ProducerServiceDefinition);
export const fetchService = methodsOf(FetchServiceDefinition);
export const metadataService = methodsOf(MetadataServiceDefinition);
export const adminService = methodsOf(AdminServiceDefinition);
export const gatewayService = methodsOf(GatewayServiceDefinition);
export const groupService = methodsOf(GroupServiceDefinition);
export const transactionService = methodsOf(TransactionServiceDefinition);

/** Served by the workers of a connect cluster, on a listener of their own. */
export const connectorService = methodsOf(ConnectorServiceDefinition);

/** Internal services, on the internal listener only. */
export const coordinatorService = methodsOf(CoordinatorServiceDefinition);
export const replicationService = methodsOf(ReplicationServiceDefinition);
export const shardService = methodsOf(ShardServiceDefinition);
export const partitionService = methodsOf(PartitionServiceDefinition);
