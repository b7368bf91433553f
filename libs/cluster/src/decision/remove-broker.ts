import { type BrokerId, MoldauError } from '@moldau/kernel';
import type { BrokerImage, MetadataImage } from '../image/metadata-image.ts';
import { brokerKey, configKey } from '../image/metadata-keys.ts';
import { drainProgress } from './drain-broker.ts';
import type { RecordWrite } from './record-write.ts';

/**
 * Forgets a broker that will not come back, with its settings. Topics that it should have deleted are settled without it.
 *
 * @throws MoldauError BROKER_NOT_REMOVABLE while it serves, has a session with the controller, or holds replicas
 */
export function removeBroker(image: MetadataImage, broker: BrokerImage, hasSession: boolean): RecordWrite[] {
  const { brokerId, fenced, modRevision } = broker;
  if (!fenced || hasSession) throw notRemovable(brokerId, fenced ? 'it has a session with the controller' : 'it serves');
  const { replicas } = drainProgress(image, brokerId);
  if (replicas > 0) throw notRemovable(brokerId, `it holds ${replicas} replicas`, { value: String(replicas), limit: '0' });
  const writes: RecordWrite[] = [{ key: brokerKey(brokerId), value: undefined, expected: modRevision }];
  const settings = configKey({ kind: 'broker', brokerId });
  const config = image.configs.get(settings);
  if (config !== undefined) writes.push({ key: settings, value: undefined, expected: config.modRevision });
  return writes;
}

function notRemovable(brokerId: BrokerId, why: string, facts: Readonly<Record<string, string>> = {}): MoldauError {
  return new MoldauError('BROKER_NOT_REMOVABLE', `broker ${brokerId} can't be removed: ${why}`, { broker_id: String(brokerId), ...facts });
}
