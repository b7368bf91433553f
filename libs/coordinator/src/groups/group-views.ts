import type { SettingsView, TopicsView } from '@moldau/groups';

/** What groups see of the metadata, whenever they look. */
export interface GroupViews {
  readonly topics: TopicsView;
  readonly settings: SettingsView;
}
