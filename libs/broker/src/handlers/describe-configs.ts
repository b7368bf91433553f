import { adminService } from '@moldau/protocol';
import { type RegisteredMethod, rawUnary } from '../request/registered-method.ts';
import type { Forwarder } from '../session/forwarder.ts';

/** `AdminService.DescribeConfigs`: answered by the controller, so that it shows what was altered just before. */
export function describeConfigsMethod(forwarder: Forwarder): RegisteredMethod {
  return rawUnary(adminService.describeConfigs, (bytes, context) => forwarder.forward(bytes, context));
}
