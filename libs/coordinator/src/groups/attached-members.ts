import { type GroupRef, type GroupSettings, groupKey, type MemberNotice } from '@moldau/groups';
import type { ErrorName } from '@moldau/kernel';

/** A member that is connected, through some broker. */
export interface AttachedMember {
  readonly group: GroupRef;
  readonly memberId: string;
  /** Something that it must hear without having asked. Notices of before its join was committed are in the answer to that. */
  told(notice: MemberNotice): void;
  /** The settings of its group may be others. */
  settingsChanged(settings: GroupSettings): void;
  /** It is attached elsewhere, or its shard is lost: nothing more is heard of it or told to it. */
  ended(reason: ErrorName): void;
}

/**
 * The connected members of one shard. A member has one connection: the last whose join came. Where its client numbers its streams, as
 * the SDK does, the state of the group refuses an earlier one that comes late; another client opens a further one then.
 */
export class AttachedMembers {
  readonly #groups = new Map<string, Map<string, AttachedMember>>();

  attach(member: AttachedMember): void {
    const key = groupKey(member.group);
    let members = this.#groups.get(key);
    if (members === undefined) this.#groups.set(key, (members = new Map<string, AttachedMember>()));
    const before = members.get(member.memberId);
    members.set(member.memberId, member);
    if (before !== undefined && before !== member) before.ended('MEMBER_MOVED');
  }

  detach(member: AttachedMember): void {
    const key = groupKey(member.group);
    const members = this.#groups.get(key);
    if (members?.get(member.memberId) !== member) return;
    members.delete(member.memberId);
    if (members.size === 0) this.#groups.delete(key);
  }

  /** Those that are not connected find out when they come back. */
  deliver(notices: readonly MemberNotice[]): void {
    for (const notice of notices) this.#groups.get(groupKey(notice.group))?.get(notice.memberId)?.told(notice);
  }

  settingsChanged(group: GroupRef, settings: GroupSettings): void {
    for (const member of this.#groups.get(groupKey(group))?.values() ?? []) member.settingsChanged(settings);
  }

  /** The shard is lost: brokers join them again where it is now. */
  lost(): void {
    const members = [...this.#groups.values()].flatMap((group) => [...group.values()]);
    this.#groups.clear();
    for (const member of members) member.ended('NOT_SHARD_OWNER');
  }
}
