import { type MetadataImage, type ShardKindName, shardKey, shardKindCode, shardTopic } from '@moldau/cluster';
import type { EnsureShardsRequest } from '@moldau/protocol';
import type { ShardOwner } from '../shard-owner.ts';
import type { ShardDirectory } from './shard-directory.ts';

export interface ImageShardDirectoryDeps {
  /** The newest metadata; empty before there is any. */
  image(): MetadataImage;
  /** `listener` runs after each change of coordinators, owners or topics; answers how to stop it. */
  listen(listener: () => void): () => void;
  /** Calls the controller's EnsureShards. */
  ensure(request: EnsureShardsRequest, timeoutMs: number): Promise<unknown>;
}

/** Owners of shards by a process's image of the metadata. */
export class ImageShardDirectory implements ShardDirectory {
  readonly #deps: ImageShardDirectoryDeps;

  constructor(deps: ImageShardDirectoryDeps) {
    this.#deps = deps;
  }

  shards(): number {
    return this.#deps.image().cluster?.shards ?? 0;
  }

  exist(kind: ShardKindName): boolean {
    return shardTopic(this.#deps.image(), kind) !== undefined;
  }

  owner(kind: ShardKindName, shard: number): ShardOwner | undefined {
    const record = this.#deps.image().shards.get(shardKey(kind, shard));
    if (record?.owner === undefined) return undefined;
    const { coordinatorId, address } = record.owner;
    return { coordinatorId, address, shardEpoch: record.shardEpoch };
  }

  async ensure(kind: ShardKindName, timeoutMs: number): Promise<void> {
    await this.#deps.ensure({ kind: shardKindCode(kind) }, timeoutMs);
  }

  listen(listener: () => void): () => void {
    return this.#deps.listen(listener);
  }
}
