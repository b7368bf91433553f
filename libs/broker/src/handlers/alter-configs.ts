import { adminService } from '@moldau/protocol';
import { type RegisteredMethod, rawUnary } from '../request/registered-method.ts';
import type { Forwarder } from '../session/forwarder.ts';

/** `AdminService.AlterConfigs`: done by the controller, which validates; brokers follow through the metadata. */
export function alterConfigsMethod(forwarder: Forwarder): RegisteredMethod {
  return rawUnary(adminService.alterConfigs, (bytes, context) => forwarder.forward(bytes, context));
}
