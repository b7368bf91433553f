import type { Admin } from '@moldau/client';
import { InvalidArgumentError } from 'commander';

const THROTTLE = 'follower.replication.throttled.rate';

/** Bytes a second, or `none`. */
export type Throttle = number | 'none';

export const THROTTLE_HELP =
  'bytes a second that each broker may copy for moves, or none; kept for later ones, and never holds in-sync replicas back';

export function throttle(text: string): Throttle {
  if (text === 'none') return text;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError(`'${text}' is not a whole number of bytes a second from 1, or none.`);
}

/** Has all brokers obey the throttle, for the moves under way and for later ones. */
export async function setThrottle(admin: Admin, value: Throttle, options: { readonly dryRun: boolean }): Promise<void> {
  const change = value === 'none' ? { name: THROTTLE } : { name: THROTTLE, value: String(value) };
  const [outcome] = await admin.alterConfigs([{ resource: { clusterDefaults: true }, changes: [change] }], options);
  if (outcome?.error !== undefined) throw outcome.error;
}
