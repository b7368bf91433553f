import { MoldauError, type Namespace, parseTopicName } from '@moldau/kernel';

/** A group by its full name. */
export interface GroupRef {
  readonly namespace: Namespace;
  readonly groupId: string;
}

/** The group as one string, for maps: a namespace has no slash. */
export function groupKey(group: GroupRef): string {
  return `${group.namespace}/${group.groupId}`;
}

/**
 * The name of a group obeys the rule for topics, with the same limit.
 *
 * @throws MoldauError INVALID_GROUP_ID with the name and the limit
 */
export function parseGroupId(value: string): string {
  try {
    return parseTopicName(value);
  } catch (error) {
    const limit = error instanceof MoldauError ? (error.facts['limit'] ?? '') : '';
    throw new MoldauError('INVALID_GROUP_ID', `group '${value}': ${limit}`, { group: value, limit });
  }
}

/** How an error names a group. */
export function groupFacts(group: GroupRef): { readonly namespace: string; readonly group: string } {
  return { namespace: group.namespace, group: group.groupId };
}
