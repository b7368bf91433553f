import { brokerValues, type MetadataImage } from '@moldau/cluster';
import type { BrokerId } from '@moldau/kernel';
import type { DynamicSettings, LogDirectory, LogDirectorySettings } from '@moldau/storage';
import type { ClusterState } from '../metadata/cluster-state.ts';

/** The settings of a broker that its data directory obeys at run time, and what each is called there. */
const NAMES = [
  ['tail.cache.bytes', 'tailCacheBytes'],
  ['scrub.period.ms', 'scrubPeriodMs'],
  ['log.cleaner.io.max.bytes.per.second', 'cleanerBytesPerSecond'],
  ['log.cleaner.dedupe.buffer.size', 'cleanerMapBytes'],
] as const;

/** Has the data directory obey the broker's settings as they are now and whenever they change; `started`: what it was started with. */
export function followStorageSettings(
  cluster: Pick<ClusterState, 'image' | 'listen'>,
  brokerId: BrokerId,
  directory: Pick<LogDirectory, 'reconfigure'>,
  started: Partial<LogDirectorySettings>,
): void {
  directory.reconfigure(storageSettings(cluster.image, brokerId, started));
  cluster.listen(({ image, delta }) => {
    const changed = delta === undefined || delta.configs.some(({ kind }) => kind === 'broker' || kind === 'cluster');
    if (changed) directory.reconfigure(storageSettings(image, brokerId, started));
  });
}

function storageSettings(image: MetadataImage, brokerId: BrokerId, started: Partial<LogDirectorySettings>): DynamicSettings {
  const fixed = new Map<string, string>();
  for (const [name, key] of NAMES) if (started[key] !== undefined) fixed.set(name, String(started[key]));
  const values = brokerValues(image, brokerId, fixed);
  return Object.fromEntries(NAMES.map(([name, key]) => [key, Number(values.get(name))]));
}
