import { type Namespace, type TopicId, topicId } from '@moldau/kernel';
import type { TopicsView, TopicView } from '../topics-view.ts';

/** Topics that come, grow and go, for specs. */
export class ModelTopics implements TopicsView {
  readonly #topics = new Map<TopicId, TopicView>();
  version = 1;

  /** Creates the topic, or changes its number of partitions. */
  put(namespace: Namespace, name: string, id: string, partitions: number): TopicView {
    const racks = ['a', 'b', 'c'];
    const racksOf = (partition: number): readonly string[] => [racks[partition % 3] ?? '', racks[(partition + 1) % 3] ?? ''];
    const topic = { topicId: topicId(id), namespace, name, partitions, internal: name.startsWith('__'), racksOf };
    this.#topics.set(topic.topicId, topic);
    this.version++;
    return topic;
  }

  delete(id: TopicId): void {
    this.#topics.delete(id);
    this.version++;
  }

  all(): readonly TopicView[] {
    return [...this.#topics.values()];
  }

  byName(namespace: Namespace, name: string): TopicView | undefined {
    return this.all().find((topic) => topic.namespace === namespace && topic.name === name);
  }

  byId(id: TopicId): TopicView | undefined {
    return this.#topics.get(id);
  }

  inNamespace(namespace: Namespace): Iterable<TopicView> {
    return this.all().filter((topic) => topic.namespace === namespace);
  }
}
