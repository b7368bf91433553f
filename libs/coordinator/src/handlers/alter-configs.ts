import { alterConfigs as decideAlterConfigs } from '@moldau/cluster';
import { MoldauError } from '@moldau/kernel';
import type { AlterConfigsRequest, AlterConfigsResponse, AlterConfigsResult, ResourceConfigChanges } from '@moldau/protocol';
import { configTarget } from './config-resource.ts';
import { assertItems, perItem } from './per-item.ts';
import type { RequestContext } from './request-context.ts';

/** AlterConfigs: all changes of a resource or none; what partitions take from them follows by the reconciler. */
export async function alterConfigs(request: AlterConfigsRequest, context: RequestContext): Promise<AlterConfigsResponse> {
  assertItems('resources', request.resources.length);
  const results = await perItem(
    request.resources,
    (changes) => alterOne(changes, request.dryRun, context),
    (changes, error): AlterConfigsResult => ({ resource: changes.resource, error }),
  );
  return { results };
}

async function alterOne(
  { resource, changes }: ResourceConfigChanges,
  dryRun: boolean,
  context: RequestContext,
): Promise<AlterConfigsResult> {
  if (resource === undefined) throw new MoldauError('INVALID_REQUEST', 'changes need a resource', { field: 'resource' });
  const byName = new Map(changes.map(({ name, value }) => [name, value]));
  if (byName.size < changes.length)
    throw new MoldauError('INVALID_REQUEST', 'a setting is changed twice in one request', { field: 'changes' });
  await context.controller.writer.change((image) => {
    const writes = decideAlterConfigs(image, configTarget(image, context.namespace, resource), byName);
    return { writes: dryRun ? [] : writes, result: undefined };
  });
  return { resource };
}
