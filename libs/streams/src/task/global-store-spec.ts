import type { GlobalSource } from '../graph/operator.ts';
import type { StoreSpec } from '../stores/store-spec.ts';

/** The store of a global table: a copy of its topic, without a changelog. */
export function globalStoreSpec({ name, topic, key, value }: GlobalSource): StoreSpec<unknown, unknown> {
  return {
    kind: 'key-value',
    name,
    generated: false,
    key,
    value,
    log: { kind: 'topic', topic },
    cached: false,
    retentionMs: Number.POSITIVE_INFINITY,
  };
}
