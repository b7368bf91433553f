import type { MemberCommand } from './member-command.ts';

/** Where and how a member runs, when it is not as a plain process on the loopback: in a network namespace, by another clock. */
export interface MemberPlace {
  /** Address of its listeners, which the starter reaches too; default the loopback. Kept in `cluster.json`. */
  readonly host?: string;
  /** The command line that runs this one there. It must become the same process: signals go to it. */
  readonly inside?: (command: MemberCommand) => MemberCommand;
}

/** The place of each member, by its name; undefined: none of its own. */
export type MemberPlaces = (name: string) => MemberPlace | undefined;
