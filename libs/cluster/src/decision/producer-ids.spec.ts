import { metadataVersion } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { applyChanges } from '../image/apply-changes.ts';
import { EMPTY_IMAGE, type MetadataImage } from '../image/metadata-image.ts';
import { allocateProducerIds, PRODUCER_ID_BLOCK } from './producer-ids.ts';

function at(image: MetadataImage, version: number): MetadataImage {
  return { ...image, version: metadataVersion(version) };
}

/** Takes a block, which the store gives this revision. */
function taken(image: MetadataImage, revision: number): { readonly first: number; readonly image: MetadataImage } {
  const { first, writes } = allocateProducerIds(image);
  const changes = writes.map(({ key, value }) => ({ key, value, revision }));
  return { first, image: applyChanges(image, revision, changes).image };
}

describe('blocks of producer ids', () => {
  it('never overlap, however close their revisions', () => {
    const one = taken(at(EMPTY_IMAGE, 7), 8);
    const two = taken(one.image, 9);
    const stale = taken(at(two.image, 8), 10);
    expect(two.first).toBeGreaterThanOrEqual(one.first + PRODUCER_ID_BLOCK);
    expect(stale.first).toBeGreaterThanOrEqual(two.first + PRODUCER_ID_BLOCK);
  });

  it('lie above all that were taken before a backup was restored, whose revision was raised above any that was used', () => {
    const backup = taken(at(EMPTY_IMAGE, 7), 8).image;
    let { image, first: last } = taken(backup, 9);
    for (let revision = 10; revision < 500; revision += 1) ({ image, first: last } = taken(image, revision));
    const restored: MetadataImage = at(backup, backup.version + 1_000_000_000);
    expect(taken(restored, restored.version + 1).first).toBeGreaterThanOrEqual(last + PRODUCER_ID_BLOCK);
  });
});
