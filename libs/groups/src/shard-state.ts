import type { ProducerId } from '@moldau/kernel';
import { GroupEntry } from './group-entry.ts';
import { type GroupRef, groupKey } from './group-ref.ts';
import type { EndedTransaction, GroupStateRecord } from './record/group-state-record.ts';

/** Everything that the records of a shard say, and what follows from it. Changes by `replay` alone. */
export class ShardState {
  readonly #groups = new Map<string, GroupEntry>();
  readonly #ended = new Map<ProducerId, EndedTransaction>();
  readonly #groupsByStager = new Map<ProducerId, Map<string, GroupEntry>>();
  readonly #unassigned = new Map<string, GroupEntry>();
  readonly #unreconciled = new Map<string, GroupEntry>();

  get groups(): ReadonlyMap<string, GroupEntry> {
    return this.#groups;
  }

  /** Newest transactions that ended here, by producer. */
  get ended(): ReadonlyMap<ProducerId, EndedTransaction> {
    return this.#ended;
  }

  get(group: GroupRef): GroupEntry | undefined {
    return this.#groups.get(groupKey(group));
  }

  /** The group, made if it is not there; without records it is dropped again. */
  open(group: GroupRef): GroupEntry {
    const key = groupKey(group);
    let entry = this.#groups.get(key);
    if (entry === undefined) this.#groups.set(key, (entry = new GroupEntry({ namespace: group.namespace, groupId: group.groupId })));
    return entry;
  }

  /** Forgets the group if nothing of it is left. */
  close(entry: GroupEntry): void {
    if (entry.vacant) this.#groups.delete(groupKey(entry.group));
  }

  /** Groups in which a producer has staged offsets. */
  stagedIn(producerId: ProducerId): readonly GroupEntry[] {
    return [...(this.#groupsByStager.get(producerId)?.values() ?? [])];
  }

  /** Groups whose targets are to be computed. */
  unassigned(): readonly GroupEntry[] {
    return [...this.#unassigned.values()];
  }

  /** Groups with members whose holding may have to change. */
  get unreconciled(): Iterable<GroupEntry> {
    return this.#unreconciled.values();
  }

  /** The group's list of members to look at is empty. */
  reconciled(entry: GroupEntry): void {
    this.#unreconciled.delete(groupKey(entry.group));
  }

  replay(record: GroupStateRecord): void {
    if (record.type === 'producer') {
      if (record.value === undefined) this.#ended.delete(record.producerId);
      else this.#ended.set(record.producerId, record.value);
      return;
    }
    const entry = this.open(record.group);
    this.#replayIn(entry, record);
    this.close(entry);
  }

  /** Records that describe the shard as it is: those that compaction would leave, but for removals. */
  *snapshot(): Generator<GroupStateRecord> {
    for (const entry of this.#groups.values()) yield* entry.snapshot();
    for (const [producerId, value] of this.#ended) yield { type: 'producer', producerId, value };
  }

  #replayIn(entry: GroupEntry, record: Exclude<GroupStateRecord, { type: 'producer' }>): void {
    const key = groupKey(entry.group);
    switch (record.type) {
      case 'group': {
        entry.value = record.value;
        const due = record.value !== undefined && record.value.groupEpoch > record.value.assignmentEpoch;
        if (due) this.#unassigned.set(key, entry);
        else this.#unassigned.delete(key);
        return;
      }
      case 'member':
      case 'target':
      case 'holding':
        entry.consumer.replay(record);
        if (entry.consumer.unreconciled.size > 0) this.#unreconciled.set(key, entry);
        return;
      case 'offset':
        entry.offsets.replay(record);
        return;
      case 'staged-offset':
        entry.offsets.replay(record);
        this.#indexStager(entry, key, record.producerId);
        return;
    }
  }

  #indexStager(entry: GroupEntry, key: string, producerId: ProducerId): void {
    const groups = this.#groupsByStager.get(producerId);
    if (entry.offsets.hasStaged(producerId)) {
      if (groups === undefined) this.#groupsByStager.set(producerId, new Map([[key, entry]]));
      else groups.set(key, entry);
      return;
    }
    groups?.delete(key);
    if (groups?.size === 0) this.#groupsByStager.delete(producerId);
  }
}
