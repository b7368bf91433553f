import type { Instants } from '@moldau/kernel';
import type { SubscriptionResolver } from './consumer/subscription-resolver.ts';
import type { GroupStateRecord } from './record/group-state-record.ts';
import type { MemberNotice } from './result.ts';
import type { SettingsView } from './settings/group-settings.ts';
import type { MemberTimers } from './timers/member-timers.ts';
import type { TopicsView } from './topics-view.ts';

/**
 * What an operation works with. It checks first and emits then: a record changes the state at once, by the same code that
 * replays it, so an operation that has emitted may not fail any more.
 */
export interface Operation {
  readonly now: Instants;
  readonly topics: TopicsView;
  readonly settings: SettingsView;
  readonly timers: MemberTimers;
  readonly resolver: SubscriptionResolver;
  emit(record: GroupStateRecord): void;
  notify(notice: MemberNotice): void;
}
