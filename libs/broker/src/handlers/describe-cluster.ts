import { adminService } from '@moldau/protocol';
import { type RegisteredMethod, rawUnary } from '../request/registered-method.ts';
import type { Forwarder } from '../session/forwarder.ts';

/** `AdminService.DescribeCluster`: answered by the controller, which knows who lives. */
export function describeClusterMethod(forwarder: Forwarder): RegisteredMethod {
  return rawUnary(adminService.describeCluster, (bytes, context) => forwarder.forward(bytes, context));
}
