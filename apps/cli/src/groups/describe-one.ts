import type { DescribedGroup, Moldau } from '@moldau/client';

/** @throws MoldauError UNKNOWN_GROUP and those of the call */
export async function describeOne(
  moldau: Moldau,
  groupId: string,
  options: { readonly membersOnly?: boolean } = {},
): Promise<DescribedGroup> {
  const [result] = await moldau.admin().describeGroups([groupId], options);
  if (result === undefined) throw new Error('the server answered with no result');
  if (result.error !== undefined) throw result.error;
  return result.group;
}
