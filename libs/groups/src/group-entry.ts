import { assert } from '@moldau/kernel';
import { ConsumerMembers } from './consumer/consumer-members.ts';
import type { GroupMembers } from './group-members.ts';
import { type GroupRef, groupFacts } from './group-ref.ts';
import { GroupOffsets } from './offsets/group-offsets.ts';
import type { GroupStateRecord, GroupValue } from './record/group-state-record.ts';

/** A group of a shard: what does not depend on its kind, its offsets, and the members of its kind. */
export class GroupEntry {
  readonly group: GroupRef;
  readonly offsets: GroupOffsets;
  value: GroupValue | undefined;
  #consumer: ConsumerMembers | undefined;

  constructor(group: GroupRef) {
    this.group = group;
    this.offsets = new GroupOffsets(group);
  }

  /** Members of the kind `consumer`; made when first asked for. */
  get consumer(): ConsumerMembers {
    return (this.#consumer ??= new ConsumerMembers(this.group));
  }

  /** Members, of whatever kind; undefined: it has none and never had. Another kind of group adds its own here. */
  get members(): GroupMembers | undefined {
    return this.#consumer;
  }

  get memberCount(): number {
    return this.members?.size ?? 0;
  }

  /** An epoch above all that were given in this group. */
  nextEpoch(): number {
    const next = Math.max(this.value?.groupEpoch ?? 0, this.members?.highestEpoch ?? 0) + 1;
    assert(next <= EPOCH_MAX, 'epochs of a group are int32', { ...groupFacts(this.group) });
    return next;
  }

  /** Whether nothing of it is left. */
  get vacant(): boolean {
    return this.value === undefined && this.offsets.vacant && (this.#consumer === undefined || this.#consumer.vacant);
  }

  /** Records that describe the group as it is. */
  *snapshot(): Generator<GroupStateRecord> {
    if (this.value !== undefined) yield { type: 'group', group: this.group, value: this.value };
    if (this.members !== undefined) yield* this.members.snapshot();
    yield* this.offsets.snapshot();
  }
}

const EPOCH_MAX = 0x7fff_ffff;
