import { createShardTopic, type MetadataImage, type ShardKindName, shardKindOf, shardTopic } from '@moldau/cluster';
import { topicId as brandTopicId } from '@moldau/kernel';
import type { EnsureShardsRequest, EnsureShardsResponse } from '@moldau/protocol';
import type { Controller } from '../controller.ts';
import type { CoordinatorDeps, CoordinatorSettings } from '../options.ts';

export interface EnsureShardsContext {
  readonly deps: CoordinatorDeps;
  readonly settings: CoordinatorSettings;
  readonly controller: Controller;
}

/** EnsureShards: the internal topic of a kind, made if there is none. The shard assigner then finds owners for its partitions. */
export async function ensureShards(request: EnsureShardsRequest, context: EnsureShardsContext): Promise<EnsureShardsResponse> {
  const kind = shardKindOf(request.kind);
  const { result } = await context.controller.writer.change((image) => decide(image, kind, context));
  return { topicId: result };
}

function decide(image: MetadataImage, kind: ShardKindName, { deps, settings }: EnsureShardsContext) {
  const existing = shardTopic(image, kind);
  if (existing !== undefined) return { writes: [], result: existing.topicId };
  const topicId = brandTopicId(deps.ids.uuid());
  const { random, clock } = deps;
  const { writes, name, partitions, replicationFactor } = createShardTopic(image, kind, {
    topicId,
    wallMs: clock.wallMs(),
    random,
    fixed: settings.fixedConfigs,
  });
  deps.logger.info('an internal topic is made', { topic: name, topicId, partitions, replicationFactor });
  return { writes, result: topicId };
}
