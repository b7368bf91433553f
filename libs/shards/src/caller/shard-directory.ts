import type { ShardKindName } from '@moldau/cluster';
import type { ShardOwner } from '../shard-owner.ts';

/** Where shards are owned, as the newest metadata of this process has it. */
export interface ShardDirectory {
  /** Shards of each kind; 0 while the metadata is not known. */
  shards(): number;
  /** Whether the internal topic of the kind exists. */
  exist(kind: ShardKindName): boolean;
  /** Undefined: nobody at the moment. */
  owner(kind: ShardKindName, shard: number): ShardOwner | undefined;
  /**
   * Has the controller make the internal topic of the kind.
   *
   * @throws MoldauError NOT_ENOUGH_BROKERS, COORDINATOR_NOT_AVAILABLE
   */
  ensure(kind: ShardKindName, timeoutMs: number): Promise<void>;
  /** `listener` runs after each change of any of this; answers how to stop it. */
  listen(listener: () => void): () => void;
}
