import type { BrokerRegistration } from '@moldau/cluster';
import { brokerId, type ControllerEpoch, directoryId, type MoldauError as Failure, isUuid, MoldauError } from '@moldau/kernel';
import type { BrokerSessionRequest, BrokerSessionResponse, RegisterBroker, ServerCall, ServerStreamEvents } from '@moldau/protocol';
import type { BrokerSession } from '../broker-session.ts';
import type { Controller } from '../controller.ts';
import type { CoordinatorSettings } from '../options.ts';
import { parseReplicaReport } from './replica-report.ts';

export interface BrokerSessionContext {
  readonly settings: CoordinatorSettings;
  /** The active controller; throws NOT_CONTROLLER with the one that is known. */
  controller(): Controller;
  /** A broker has seen a newer controller than this one. */
  outdated(epoch: ControllerEpoch | number): void;
}

const INT32_MAX = 0x7fff_ffff;
const ENDPOINTS_MAX = 16;
const HOST_LENGTH_MAX = 255;
const PORT_MAX = 65_535;

/**
 * BrokerSession: the first message registers; each heartbeat is answered. The stream's end is told to the registry, which
 * gives the broker a moment to come back.
 */
export function openBrokerSession(
  context: BrokerSessionContext,
  call: ServerCall<BrokerSessionResponse>,
): ServerStreamEvents<BrokerSessionRequest> {
  const controller = context.controller();
  let registering = false;
  let closed = false;
  let session: BrokerSession | undefined;

  function fail(error: Failure): void {
    if (!closed) call.close(error);
  }
  async function register(request: RegisterBroker): Promise<void> {
    try {
      const registration = checkRegistration(request, controller, context);
      const registered = await controller.brokers.register(registration, call);
      session = registered;
      if (closed) return controller.brokers.streamBroke(registered, call);
      call.send({ frame: { $case: 'registered', value: answer(registered, controller, context.settings) } });
    } catch (error) {
      fail(MoldauError.from(error));
    }
  }
  return {
    message({ frame }) {
      switch (frame?.$case) {
        case 'register':
          if (registering) throw new MoldauError('INVALID_REQUEST', 'a session registers once, by its first message');
          registering = true;
          void register(frame.value);
          return;
        case 'heartbeat': {
          if (session === undefined) throw new MoldauError('INVALID_REQUEST', 'a heartbeat comes after the answer to the registration');
          const value = controller.brokers.heartbeat(session, frame.value);
          if (value === undefined) throw new MoldauError('SESSION_EXPIRED', `the session of broker ${session.brokerId} is over`);
          call.send({ frame: { $case: 'heartbeat', value } });
          return;
        }
        case undefined:
          throw new MoldauError('INVALID_REQUEST', 'a session message needs a frame', { field: 'frame' });
      }
    },
    ended: () => call.close(),
    closed() {
      closed = true;
      if (session !== undefined) controller.brokers.streamBroke(session, call);
    },
  };
}

function answer(session: BrokerSession, controller: Controller, settings: CoordinatorSettings) {
  return {
    clusterId: controller.clusterId(),
    brokerEpoch: session.brokerEpoch,
    controllerEpoch: controller.epoch,
    heartbeatIntervalMs: settings.heartbeatIntervalMs,
    sessionTimeoutMs: settings.sessionTimeoutMs,
  };
}

function checkRegistration(request: RegisterBroker, controller: Controller, context: BrokerSessionContext): BrokerRegistration {
  const clusterId = controller.clusterId();
  if (request.controllerEpoch > controller.epoch) {
    context.outdated(request.controllerEpoch);
    throw new MoldauError('NOT_CONTROLLER', `the broker has seen controller epoch ${request.controllerEpoch}, this is ${controller.epoch}`);
  }
  if (request.clusterId !== '' && request.clusterId !== clusterId) {
    const facts = { cluster_id: request.clusterId, expected: clusterId };
    throw new MoldauError('WRONG_CLUSTER', `the data directory belongs to cluster ${request.clusterId}, this is ${clusterId}`, facts);
  }
  requireField('broker_id', Number.isInteger(request.brokerId) && request.brokerId >= 0 && request.brokerId <= INT32_MAX, request.brokerId);
  requireField('directory_id', isUuid(request.directoryId), request.directoryId);
  requireField('incarnation_id', isUuid(request.incarnationId), request.incarnationId);
  requireField('endpoints', request.endpoints.size >= 1 && request.endpoints.size <= ENDPOINTS_MAX, request.endpoints.size);
  for (const [listener, { host, port }] of request.endpoints) {
    requireField(`endpoints.${listener}.host`, host.length > 0 && host.length <= HOST_LENGTH_MAX, host);
    requireField(`endpoints.${listener}.port`, Number.isInteger(port) && port >= 1 && port <= PORT_MAX, port);
  }
  const { incarnationId, endpoints, rack, softwareVersion, features } = request;
  return {
    brokerId: brokerId(request.brokerId),
    directoryId: directoryId(request.directoryId),
    incarnationId,
    endpoints,
    rack,
    softwareVersion,
    features,
    report: parseReplicaReport(request.replicas),
  };
}

function requireField(field: string, fits: boolean, value: string | number): void {
  if (!fits) throw new MoldauError('INVALID_REQUEST', `registration: ${field} '${value}' is not allowed`, { field, value: String(value) });
}
