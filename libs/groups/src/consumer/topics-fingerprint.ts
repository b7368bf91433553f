import type { TopicsView } from '../topics-view.ts';
import type { ConsumerMembers } from './consumer-members.ts';
import type { SubscriptionResolver } from './subscription-resolver.ts';

/**
 * A fingerprint of what a group's members subscribe to and of how many partitions that has: another one calls for another
 * assignment. 64 bits of FNV-1a.
 */
export function fingerprintTopics(members: ConsumerMembers, resolver: SubscriptionResolver, topics: TopicsView): string {
  const signatures = [...members.signatures()].sort(([one], [other]) => (one < other ? -1 : 1));
  const hash = new Fnv64();
  for (const [signature, subscription] of signatures) {
    hash.add(signature);
    for (const topicId of resolver.resolve(members.group.namespace, subscription, topics)) {
      hash.add(`${topicId}:${topics.byId(topicId)?.partitions ?? 0}`);
    }
  }
  return hash.hex();
}

/** Two hashes of 32 bits with different begins. */
class Fnv64 {
  #one = 0x811c9dc5;
  #other = 0x050c5d1f;

  add(text: string): void {
    for (let at = 0; at < text.length; at++) this.#mix(text.charCodeAt(at));
    // A separator that no text has.
    this.#mix(0xffff);
  }

  hex(): string {
    return [this.#one, this.#other].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mix(code: number): void {
    this.#one = Math.imul(this.#one ^ code, 0x01000193);
    this.#other = Math.imul(this.#other ^ (code + 0x9e37), 0x01000193) ^ (this.#other >>> 15);
  }
}
