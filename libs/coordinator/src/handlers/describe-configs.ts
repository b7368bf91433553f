import { type ConfigSource, describeConfigs as describe } from '@moldau/cluster';
import {
  type ConfigDescription,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
  ConfigSource as SourceCode,
} from '@moldau/protocol';
import { configTarget } from './config-resource.ts';
import { assertItems, perItem } from './per-item.ts';
import type { RequestContext } from './request-context.ts';

const SOURCE_CODES: Readonly<Record<ConfigSource, SourceCode>> = {
  default: SourceCode.DEFAULT,
  'static-broker': SourceCode.STATIC_BROKER,
  'cluster-default': SourceCode.CLUSTER_DEFAULT,
  'dynamic-broker': SourceCode.DYNAMIC_BROKER,
  topic: SourceCode.TOPIC,
  group: SourceCode.GROUP,
};

/** DescribeConfigs: every setting of each resource, with where its value comes from. */
export async function describeConfigs(request: DescribeConfigsRequest, context: RequestContext): Promise<DescribeConfigsResponse> {
  assertItems('resources', request.resources.length);
  const image = context.keeper.image();
  const results = await perItem(
    request.resources,
    (resource): ConfigDescription => {
      const entries = describe(image, configTarget(image, context.namespace, resource), context.settings.fixedConfigs);
      return { resource, entries: entries.map((entry) => ({ ...entry, source: SOURCE_CODES[entry.source], readOnly: false })) };
    },
    (resource, error): ConfigDescription => ({ resource, entries: [], error }),
  );
  return { results };
}
