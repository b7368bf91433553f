import { MoldauError } from '@moldau/kernel';
import type { RequestContext } from '../request/request-context.ts';

/** While there are no shards of groups, there is no group. */
export function unknownGroup(group: string, { namespace }: RequestContext): MoldauError {
  return new MoldauError('UNKNOWN_GROUP', `no group '${group}' in namespace '${namespace}'`, { namespace, group });
}
