import { MoldauError } from '@moldau/kernel';

/** What an error of etcd or of the way to it means for the port. Everything unknown is indefinite: it may have happened. */
export function toMoldauError(caught: unknown, endpoint: string): MoldauError {
  if (caught instanceof MoldauError) return caught;
  const message = caught instanceof Error ? caught.message : String(caught);
  const facts = { endpoint };
  const options = { cause: caught };
  if (message.includes('required revision has been compacted'))
    return new MoldauError('METADATA_COMPACTED', 'the asked-for revision is compacted', facts, options);
  if (message.includes('requested lease not found')) return new MoldauError('LEASE_LOST', 'etcd knows no such lease', facts, options);
  return new MoldauError('METADATA_STORE_UNAVAILABLE', `etcd at ${endpoint}: ${message}`, facts, options);
}
