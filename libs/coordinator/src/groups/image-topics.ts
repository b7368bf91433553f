import { type ImageDelta, type MetadataImage, type TopicImage, topicByName } from '@moldau/cluster';
import type { TopicsView, TopicView } from '@moldau/groups';
import type { Namespace, TopicId, TopicName } from '@moldau/kernel';

/** The topics of the metadata image as groups see them: those that clients may see. */
export class ImageTopics implements TopicsView {
  readonly #image: () => MetadataImage;
  readonly #views = new WeakMap<TopicImage, TopicView>();
  #version = 1;

  constructor(image: () => MetadataImage) {
    this.#image = image;
  }

  get version(): number {
    return this.#version;
  }

  /** The image has changed; undefined: anything may have. Whether groups may see other topics than before. */
  changed(delta: ImageDelta | undefined): boolean {
    if (delta !== undefined && delta.topics.size === 0) return false;
    this.#version += 1;
    return true;
  }

  byName(namespace: Namespace, name: string): TopicView | undefined {
    const topic = topicByName(this.#image(), namespace, name as TopicName);
    return topic === undefined ? undefined : this.#viewOf(topic);
  }

  byId(topicId: TopicId): TopicView | undefined {
    const topic = this.#image().topics.get(topicId);
    return topic === undefined ? undefined : this.#viewOf(topic);
  }

  *inNamespace(namespace: Namespace): Generator<TopicView> {
    for (const topic of this.#image().topics.values()) {
      const view = topic.namespace === namespace ? this.#viewOf(topic) : undefined;
      if (view !== undefined) yield view;
    }
  }

  /** Undefined: it is being deleted, or not there yet. */
  #viewOf(topic: TopicImage): TopicView | undefined {
    if (topic.state === 'deleting' || topic.readyPartitions === 0) return undefined;
    let view = this.#views.get(topic);
    if (view === undefined) {
      const { topicId, namespace, name, readyPartitions: partitions, internal } = topic;
      view = { topicId, namespace, name, partitions, internal, racksOf: (partition) => this.#racksOf(topic, partition) };
      this.#views.set(topic, view);
    }
    return view;
  }

  #racksOf(topic: TopicImage, partition: number): readonly string[] {
    const { brokers } = this.#image();
    const racks = new Set<string>();
    for (const brokerId of topic.partitions.get(partition)?.replicas ?? []) {
      const rack = brokers.get(brokerId)?.rack;
      if (rack !== undefined) racks.add(rack);
    }
    return [...racks];
  }
}
