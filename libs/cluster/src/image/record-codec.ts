import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  type BrokerId,
  brokerEpoch,
  brokerId,
  type CoordinatorId,
  clusterId,
  controllerEpoch,
  directoryId,
  leaderEpoch,
  type Namespace,
  partitionEpoch,
  producerId,
  type TopicName,
  topicId,
} from '@moldau/kernel';
import {
  BrokerRecord,
  ClusterRecord,
  ConfigRecord,
  ControllerRecord,
  CoordinatorRecord,
  DeletedTopicRecord,
  FeaturesRecord,
  FlushMode as FlushCode,
  PartitionRecord,
  ProducerIdsRecord,
  ShardRecord,
  TopicRecord,
  TopicState,
} from '@moldau/protocol';
import {
  type BrokerImage,
  type ClusterImage,
  type ConfigImage,
  type ControllerImage,
  type CoordinatorImage,
  type DeletedTopicImage,
  type FeaturesImage,
  NO_PARTITIONS,
  type PartitionFlush,
  type PartitionImage,
  type ProducerIdsImage,
  type ShardImage,
  type ShardOwnerImage,
  type TopicImage,
  type TopicLifeState,
} from './metadata-image.ts';
import { SHARDS_DEFAULT } from './shard-kind.ts';

/**
 * Records of the metadata store to parts of the image, and back. Encoding goes from the bytes that were read, so fields that
 * this version does not know stay.
 */

interface Codec<Message> {
  encode(message: Message): BinaryWriter;
  decode(bytes: Uint8Array): Message;
}

/** The record that `bytes` holds with some fields changed; without bytes a new one, for which all fields are given. */
function patch<Message>(codec: Codec<Message>, bytes: Uint8Array | undefined, fields: Partial<Message>): Uint8Array {
  const before = codec.decode(bytes ?? new Uint8Array());
  return codec.encode({ ...before, ...fields }).finish();
}

export function decodeCluster(bytes: Uint8Array, modRevision: number): ClusterImage {
  const record = ClusterRecord.decode(bytes);
  const { createdAtMs, shards = SHARDS_DEFAULT } = record;
  return { bytes, modRevision, clusterId: clusterId(record.clusterId), createdAtMs, shards };
}

export function encodeCluster(fields: { readonly clusterId: string; readonly createdAtMs: number; readonly shards: number }): Uint8Array {
  return patch(ClusterRecord, undefined, fields);
}

export function decodeFeatures(bytes: Uint8Array, modRevision: number): FeaturesImage {
  return { bytes, modRevision, levels: FeaturesRecord.decode(bytes).levels };
}

export function decodeCoordinator(bytes: Uint8Array, modRevision: number): CoordinatorImage {
  const record = CoordinatorRecord.decode(bytes);
  return { bytes, modRevision, coordinatorId: record.coordinatorId as CoordinatorId, address: record.address };
}

export function encodeCoordinator(fields: {
  readonly coordinatorId: CoordinatorId;
  readonly address: string;
  readonly softwareVersion: string;
}): Uint8Array {
  return patch(CoordinatorRecord, undefined, fields);
}

/** The controller's key is written once, at its election, so its mod revision is the controller epoch. */
export function decodeController(bytes: Uint8Array, modRevision: number): ControllerImage {
  const record = ControllerRecord.decode(bytes);
  const epoch = controllerEpoch(modRevision);
  return { bytes, modRevision, coordinatorId: record.coordinatorId as CoordinatorId, address: record.address, epoch };
}

export function encodeController(fields: { readonly coordinatorId: CoordinatorId; readonly address: string }): Uint8Array {
  return patch(ControllerRecord, undefined, fields);
}

export function decodeBroker(bytes: Uint8Array, modRevision: number): BrokerImage {
  const record = BrokerRecord.decode(bytes);
  return {
    bytes,
    modRevision,
    brokerId: brokerId(record.brokerId),
    directoryId: directoryId(record.directoryId),
    incarnationId: record.incarnationId,
    endpoints: record.endpoints,
    rack: record.rack,
    fenced: record.fenced,
    cordoned: record.cordoned,
    draining: record.draining ?? false,
    slowDisk: record.slowDisk ?? false,
    shuttingDown: record.shuttingDown,
    brokerEpoch: brokerEpoch(record.brokerEpoch === 0 ? modRevision : record.brokerEpoch),
    softwareVersion: record.softwareVersion,
  };
}

/** A registration: a new record but for what the operator has set on the old one. */
export function encodeRegistration(
  fields: Omit<Partial<BrokerRecord>, 'fenced' | 'brokerEpoch'>,
  before: BrokerImage | undefined,
): Uint8Array {
  const cordoned = before?.cordoned ?? false;
  const draining = before?.draining === true ? true : undefined;
  return patch(BrokerRecord, undefined, { ...fields, cordoned, draining, fenced: true, shuttingDown: false, brokerEpoch: 0 });
}

/** What changes in a broker's record while it is registered. */
export type BrokerStateChange = Partial<Pick<BrokerImage, 'fenced' | 'shuttingDown' | 'cordoned' | 'draining' | 'slowDisk'>>;

/** A change of a registered broker's state; its epoch stays. */
export function encodeBrokerState(broker: BrokerImage, fields: BrokerStateChange): Uint8Array {
  return patch(BrokerRecord, broker.bytes, { ...fields, brokerEpoch: broker.brokerEpoch });
}

export function decodeTopic(bytes: Uint8Array, modRevision: number): TopicImage {
  const record = TopicRecord.decode(bytes);
  const state = decodeTopicState(record.state);
  return {
    bytes,
    modRevision,
    topicId: topicId(record.topicId),
    namespace: record.namespace as Namespace,
    name: record.name as TopicName,
    state,
    partitionCount: record.partitions,
    readyPartitions: state === 'active' ? record.partitions : state === 'creating' ? record.readyPartitions : 0,
    replicationFactor: record.replicationFactor,
    createdAtMs: record.createdAtMs,
    internal: record.internal,
    partitions: NO_PARTITIONS,
  };
}

/** A topic's record; `before` is the topic it was, for the fields that are not given. */
export function encodeTopic(
  fields: Partial<
    Pick<TopicImage, 'topicId' | 'namespace' | 'name' | 'replicationFactor' | 'createdAtMs' | 'internal' | 'readyPartitions'>
  > & {
    readonly state: TopicLifeState;
    readonly partitionCount: number;
  },
  before: TopicImage | undefined,
): Uint8Array {
  const { state, partitionCount, ...rest } = fields;
  return patch(TopicRecord, before?.bytes, { ...rest, state: TOPIC_STATE_CODES[state], partitions: partitionCount });
}

const TOPIC_STATE_CODES = { creating: TopicState.CREATING, active: TopicState.ACTIVE, deleting: TopicState.DELETING } as const;

function decodeTopicState(code: TopicState): TopicLifeState {
  switch (code) {
    case TopicState.CREATING:
      return 'creating';
    case TopicState.DELETING:
      return 'deleting';
    case TopicState.ACTIVE:
    case TopicState.UNSPECIFIED:
    case TopicState.UNRECOGNIZED:
      return 'active';
  }
}

export function decodePartition(bytes: Uint8Array, modRevision: number): PartitionImage {
  const record = PartitionRecord.decode(bytes);
  return {
    bytes,
    modRevision,
    leader: record.leader === undefined ? undefined : brokerId(record.leader),
    leaderEpoch: leaderEpoch(record.leaderEpoch),
    partitionEpoch: partitionEpoch(record.partitionEpoch),
    leaderBrokerEpoch: brokerEpoch(record.leaderBrokerEpoch),
    replicas: record.replicas as BrokerId[],
    isr: record.isr as BrokerId[],
    elr: record.elr as BrokerId[],
    lastKnownElr: record.lastKnownElr as BrokerId[],
    lastKnownEnds: record.lastKnownEnds.map(({ lastEpoch, endOffset }) => ({ lastEpoch, endOffset })),
    minIsr: record.minIsr,
    flush: decodeFlush(record.flush),
    adding: record.adding as BrokerId[],
    removing: record.removing as BrokerId[],
    lossyEpoch: record.lossyEpoch === undefined ? undefined : leaderEpoch(record.lossyEpoch),
  };
}

const FLUSH_CODES: Readonly<Record<PartitionFlush, FlushCode>> = {
  sync: FlushCode.SYNC,
  async: FlushCode.ASYNC,
  syncing: FlushCode.SYNCING,
};

function decodeFlush(code: FlushCode): PartitionFlush {
  switch (code) {
    case FlushCode.ASYNC:
      return 'async';
    case FlushCode.SYNCING:
      return 'syncing';
    case FlushCode.SYNC:
    case FlushCode.UNSPECIFIED:
    case FlushCode.UNRECOGNIZED:
      return 'sync';
  }
}

/** What a partition's record says, apart from where it is stored. */
export type PartitionState = Omit<PartitionImage, 'bytes' | 'modRevision'>;

export function encodePartition(state: PartitionState, before: PartitionImage | undefined): Uint8Array {
  return patch(PartitionRecord, before?.bytes, {
    leader: state.leader,
    leaderEpoch: state.leaderEpoch,
    partitionEpoch: state.partitionEpoch,
    leaderBrokerEpoch: state.leaderBrokerEpoch,
    replicas: [...state.replicas],
    isr: [...state.isr],
    elr: [...state.elr],
    lastKnownElr: [...state.lastKnownElr],
    lastKnownEnds: [...state.lastKnownEnds],
    minIsr: state.minIsr,
    flush: FLUSH_CODES[state.flush],
    adding: [...state.adding],
    removing: [...state.removing],
    lossyEpoch: state.lossyEpoch,
  });
}

export function decodeConfig(bytes: Uint8Array, modRevision: number): ConfigImage {
  return { bytes, modRevision, values: ConfigRecord.decode(bytes).values };
}

export function encodeConfig(values: ReadonlyMap<string, string>, before: ConfigImage | undefined): Uint8Array {
  return patch(ConfigRecord, before?.bytes, { values: new Map(values) });
}

export function decodeDeletedTopic(bytes: Uint8Array, modRevision: number): DeletedTopicImage {
  const record = DeletedTopicRecord.decode(bytes);
  return {
    bytes,
    modRevision,
    topicId: topicId(record.topicId),
    deletedAtMs: record.deletedAtMs,
    brokerIds: record.brokerIds as BrokerId[],
  };
}

export function encodeDeletedTopic(
  fields: Pick<DeletedTopicImage, 'topicId' | 'deletedAtMs' | 'brokerIds'>,
  before: DeletedTopicImage | undefined,
): Uint8Array {
  return patch(DeletedTopicRecord, before?.bytes, { ...fields, brokerIds: [...fields.brokerIds] });
}

export function decodeShard(bytes: Uint8Array, modRevision: number): ShardImage {
  const { coordinatorId, coordinatorEpoch, address, shardEpoch } = ShardRecord.decode(bytes);
  const owner = coordinatorId === '' ? undefined : { coordinatorId: coordinatorId as CoordinatorId, coordinatorEpoch, address };
  return { bytes, modRevision, owner, shardEpoch };
}

export function encodeShard(owner: ShardOwnerImage | undefined, shardEpoch: number, before: ShardImage | undefined): Uint8Array {
  const { coordinatorId = '', coordinatorEpoch = 0, address = '' } = owner ?? {};
  return patch(ShardRecord, before?.bytes, { coordinatorId, coordinatorEpoch, address, shardEpoch });
}

export function decodeProducerIds(bytes: Uint8Array, modRevision: number): ProducerIdsImage {
  return { bytes, modRevision, next: producerId(ProducerIdsRecord.decode(bytes).nextProducerId) };
}

export function encodeProducerIds(next: number, before: ProducerIdsImage | undefined): Uint8Array {
  return patch(ProducerIdsRecord, before?.bytes, { nextProducerId: next });
}
