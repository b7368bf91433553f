import { MoldauError } from '@moldau/kernel';
import { errorToItem, type MemberFrame, type MemberJoin } from '@moldau/protocol';
import type { MemberHost, MemberStream } from '../shards/shard-kind.ts';
import { ConnectedMember, type ConnectedMemberDeps } from './connected-member.ts';

/** Members on the stream of one broker: a bound for the memory of one that goes wrong. */
const MEMBERS_MAX = 50_000;

type Frame = NonNullable<MemberFrame['frame']>;

/** The members that brokers have connected, each broker on its stream to this coordinator. */
export class GroupMemberHost implements MemberHost {
  readonly #deps: ConnectedMemberDeps;
  readonly #streams = new Map<MemberStream, Map<number, ConnectedMember>>();

  constructor(deps: ConnectedMemberDeps) {
    this.#deps = deps;
  }

  /** Members of all streams. */
  get size(): number {
    let size = 0;
    for (const members of this.#streams.values()) size += members.size;
    return size;
  }

  frame(stream: MemberStream, membership: number, frame: Frame): void {
    let members = this.#streams.get(stream);
    if (members === undefined) this.#streams.set(stream, (members = new Map<number, ConnectedMember>()));
    if (frame.$case === 'join') {
      this.#open(stream, members, membership, frame.value);
      return;
    }
    const member = members.get(membership);
    // It is over, which the broker has yet to hear.
    if (member === undefined) return;
    if (frame.$case !== 'detached') {
      member.hear(frame);
      return;
    }
    members.delete(membership);
    member.detach();
  }

  closed(stream: MemberStream): void {
    for (const member of this.#streams.get(stream)?.values() ?? []) member.disconnect();
    this.#streams.delete(stream);
  }

  #open(stream: MemberStream, members: Map<number, ConnectedMember>, membership: number, join: MemberJoin): void {
    try {
      if (members.size >= MEMBERS_MAX) {
        const limit = String(MEMBERS_MAX);
        throw new MoldauError('SHARD_OVERLOADED', `${stream.caller} has connected ${limit} members`, { limit });
      }
      members.get(membership)?.detach();
      const member = new ConnectedMember(this.#deps, join, (notice) => {
        if (notice.$case === 'ended') members.delete(membership);
        stream.tell(membership, notice);
      });
      members.set(membership, member);
      void member.join();
    } catch (caught) {
      if (!(caught instanceof MoldauError)) throw caught;
      stream.tell(membership, { $case: 'ended', value: { error: errorToItem(caught) } });
    }
  }
}
