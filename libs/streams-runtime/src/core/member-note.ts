import type { ThreadContext } from './runtime-options.ts';

/** What a member of a stream application notes about itself: others find by it where to ask. */
export interface MemberNote {
  readonly processId: string;
  readonly endpoint: string | undefined;
}

export function encodeMemberNote({ processId, endpoint }: Pick<ThreadContext, 'processId' | 'endpoint'>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ processId, endpoint }));
}

/** Undefined for whatever else a member may have noted. */
export function decodeMemberNote(bytes: Uint8Array): MemberNote | undefined {
  try {
    const note: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof note !== 'object' || note === null || !('processId' in note) || typeof note.processId !== 'string') return undefined;
    return { processId: note.processId, endpoint: 'endpoint' in note && typeof note.endpoint === 'string' ? note.endpoint : undefined };
  } catch {
    return undefined;
  }
}
