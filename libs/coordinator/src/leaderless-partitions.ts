import type { MetadataImage } from '@moldau/cluster';

/** Counts partitions without a leader, anew only when the metadata is another: a scrape of 100,000 partitions is not free. */
export class LeaderlessPartitions {
  #version = -1;
  #count = 0;

  count(image: MetadataImage): number {
    if (image.version === this.#version) return this.#count;
    this.#version = image.version;
    this.#count = 0;
    for (const topic of image.topics.values()) {
      if (topic.state !== 'active') continue;
      for (const partition of topic.partitions) if (partition !== undefined && partition.leader === undefined) this.#count += 1;
    }
    return this.#count;
  }
}
