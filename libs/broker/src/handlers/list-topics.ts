import { listTopics } from '@moldau/cluster';
import { adminService } from '@moldau/protocol';
import type { ClusterState } from '../metadata/cluster-state.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';

/** `AdminService.ListTopics`: from this broker's image. */
export function listTopicsMethod(cluster: ClusterState): RegisteredMethod {
  return unary(adminService.listTopics, async (request, { namespace }) => listTopics(cluster.image, namespace, request));
}
