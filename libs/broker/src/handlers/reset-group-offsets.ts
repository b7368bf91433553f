import { parseGroupId } from '@moldau/groups';
import { adminService } from '@moldau/protocol';
import type { GroupReset } from '../groups/group-reset.ts';
import { type RegisteredMethod, unary } from '../request/registered-method.ts';

/** `AdminService.ResetGroupOffsets`: sets a group's committed offsets to other places of the log. */
export function resetGroupOffsetsMethod(reset: GroupReset): RegisteredMethod {
  return unary(adminService.resetGroupOffsets, async (request, context) => {
    parseGroupId(request.groupId);
    return { results: await reset.run(request, context) };
  });
}
