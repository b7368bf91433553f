import type { DescribedGroup } from '@moldau/client';

const UNKNOWN = '-';

/** How far the group is, in one line: flights counted, lag, and which partitions each member reads. */
export function viewLine(group: DescribedGroup | undefined, counted: number, published: number): string {
  const number = (value: number): string => value.toLocaleString('en');
  const counts = `counted ${number(counted)} of ${number(published)}`;
  if (group === undefined) return counts;
  const lag = group.partitions.reduce((sum, { lagRecords = 0 }) => sum + lagRecords, 0);
  const behindMs = group.partitions.reduce((most, { lagMs = 0 }) => Math.max(most, lagMs), 0);
  const members = group.members.map(({ clientId, assigned }) => `${clientId} ${partitionsText(assigned)}`).sort();
  return `${counts}  lag ${number(lag)} (${(behindMs / 1000).toFixed(1)} s)  ${group.state}: ${members.join(', ')}`;
}

function partitionsText(assigned: readonly { readonly partition: number }[]): string {
  if (assigned.length === 0) return UNKNOWN;
  return `[${assigned
    .map(({ partition }) => partition)
    .sort((one, other) => one - other)
    .join(' ')}]`;
}
