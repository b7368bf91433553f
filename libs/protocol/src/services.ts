import { CoordinatorServiceDefinition } from './gen/moldau/internal/v1/coordinator.ts';
import { ReplicationServiceDefinition } from './gen/moldau/internal/v1/replication.ts';
import { AdminServiceDefinition } from './gen/moldau/v1/admin.ts';
import { FetchServiceDefinition } from './gen/moldau/v1/fetch.ts';
import { GatewayServiceDefinition } from './gen/moldau/v1/gateway.ts';
import { MetadataServiceDefinition } from './gen/moldau/v1/metadata.ts';
import { ProducerServiceDefinition } from './gen/moldau/v1/producer.ts';
import { methodsOf } from './method.ts';

/** Public services, on the listener for clients. */
export const producerService = methodsOf(ProducerServiceDefinition);
export const fetchService = methodsOf(FetchServiceDefinition);
export const metadataService = methodsOf(MetadataServiceDefinition);
export const adminService = methodsOf(AdminServiceDefinition);
export const gatewayService = methodsOf(GatewayServiceDefinition);

/** Internal services, on the internal listener only. */
export const coordinatorService = methodsOf(CoordinatorServiceDefinition);
export const replicationService = methodsOf(ReplicationServiceDefinition);
