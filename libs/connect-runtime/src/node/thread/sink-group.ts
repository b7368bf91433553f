import { sinkGroup } from '../../core/names.ts';
import type { TaskParts } from './source-task.ts';

const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_INTERVAL_MS = 3_000;
const PROCESSING_INTERVAL_MS = 86_400_000;

/** A target may be away for long, and its task waits for it with records in hand; a dead worker's partitions go to others soon. */
export async function setUpGroup({ moldau, job }: TaskParts): Promise<void> {
  const changes = [
    { name: 'session.timeout.ms', value: String(SESSION_TIMEOUT_MS) },
    { name: 'heartbeat.interval.ms', value: String(HEARTBEAT_INTERVAL_MS) },
    { name: 'processing.interval.ms', value: String(PROCESSING_INTERVAL_MS) },
  ];
  const resource = { group: sinkGroup(job.connector) };
  for (const { error } of await moldau.admin().alterConfigs([{ resource, changes }])) if (error !== undefined) throw error;
}
