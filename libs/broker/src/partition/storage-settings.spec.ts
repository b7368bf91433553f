import { applyChanges, configKey, EMPTY_IMAGE, encodeConfig, type MetadataImage } from '@moldau/cluster';
import { brokerId } from '@moldau/kernel';
import type { DynamicSettings } from '@moldau/storage';
import { describe, expect, it } from 'vitest';
import type { ClusterListener } from '../metadata/cluster-state.ts';
import { followStorageSettings } from './storage-settings.ts';

const ONE = brokerId(1);
const OWN = configKey({ kind: 'broker', brokerId: ONE });
const CLUSTER = configKey({ kind: 'cluster' });
const DEFAULTS = {
  tailCacheBytes: 64 * 1024 * 1024,
  scrubPeriodMs: 7 * 86_400_000,
  cleanerBytesPerSecond: 16 * 1024 * 1024,
  cleanerMapBytes: 32 * 1024 * 1024,
};

/** The metadata, as `ClusterState` shows it. */
class FakeCluster {
  image: MetadataImage = EMPTY_IMAGE;
  readonly #listeners: ClusterListener[] = [];

  listen(listener: ClusterListener): () => void {
    this.#listeners.push(listener);
    return () => {};
  }

  /** Changes one resource's settings; no values: they are removed. */
  change(version: number, key: string, values?: Record<string, string>): void {
    const value = values === undefined ? undefined : encodeConfig(new Map(Object.entries(values)), undefined);
    const { image, delta } = applyChanges(this.image, version, [{ key, value, revision: version }]);
    this.image = image;
    for (const listener of this.#listeners) listener({ image, delta });
  }
}

function follow(started: DynamicSettings = {}): { readonly cluster: FakeCluster; readonly obeyed: DynamicSettings[] } {
  const cluster = new FakeCluster();
  const obeyed: DynamicSettings[] = [];
  followStorageSettings(cluster, ONE, { reconfigure: (settings) => obeyed.push(settings) }, started);
  return { cluster, obeyed };
}

describe('the settings of a data directory', () => {
  it('are those the broker was started with, else the defaults', () => {
    expect(follow().obeyed).toEqual([DEFAULTS]);
    expect(follow({ tailCacheBytes: 0 }).obeyed).toEqual([{ ...DEFAULTS, tailCacheBytes: 0 }]);
  });

  it("follow the cluster's and, before those, the broker's own as they change", () => {
    const { cluster, obeyed } = follow({ tailCacheBytes: 5_000_000 });
    cluster.change(2, CLUSTER, { 'tail.cache.bytes': '2000000', 'scrub.period.ms': '0' });
    expect(obeyed.at(-1)).toEqual({ ...DEFAULTS, tailCacheBytes: 2_000_000, scrubPeriodMs: 0 });
    cluster.change(3, OWN, { 'tail.cache.bytes': '3000000' });
    expect(obeyed.at(-1)).toEqual({ ...DEFAULTS, tailCacheBytes: 3_000_000, scrubPeriodMs: 0 });
    cluster.change(4, CLUSTER);
    expect(obeyed.at(-1)).toEqual({ ...DEFAULTS, tailCacheBytes: 3_000_000 });
    expect(obeyed).toHaveLength(4);
  });
});
