import { assert } from '@moldau/kernel';
import type { MemberNotice } from '@moldau/protocol';
import type { ShardOwner } from '../shard-owner.ts';
import type { OwnerWaits } from './owner-waits.ts';
import type { MemberLink, MemberLinkEvents } from './shard-calls.ts';
import type { ShardConnection } from './shard-connection.ts';
import type { ShardConnections } from './shard-connections.ts';

export interface MemberLinkDeps {
  readonly events: MemberLinkEvents;
  readonly connections: ShardConnections;
  readonly waits: OwnerWaits;
  shard(): number;
  owner(shard: number): ShardOwner | undefined;
  /** Has the shards made. */
  ensure(): Promise<void>;
  closed(): void;
}

/**
 * Where a membership is.
 *
 * Moves: waiting → entered (there is an owner) → waiting (interrupted, or sent elsewhere); each → closed.
 */
type State =
  | { readonly tag: 'waiting' }
  | { readonly tag: 'entered'; readonly connection: ShardConnection; readonly membership: number; readonly forget: () => void }
  | { readonly tag: 'closed' };

type Tag = State['tag'];

const LEGAL_MOVES: Readonly<Record<Tag, readonly Tag[]>> = {
  waiting: ['entered', 'closed'],
  entered: ['waiting', 'closed'],
  closed: [],
};

/** Errors of a membership's end that only mean that its shard is served elsewhere, or not yet. */
const ELSEWHERE = new Set(['NOT_SHARD_OWNER', 'COORDINATOR_LOADING', 'COORDINATOR_NOT_AVAILABLE', 'SHUTTING_DOWN']);
/** A membership has no deadline: its owner is waited for as long as the client's stream lives. */
const NO_LIMIT_MS = 0x7fff_ffff;

/** A membership that follows its shard from owner to owner. */
export class OwnedMemberLink implements MemberLink {
  readonly #deps: MemberLinkDeps;
  #state: State = { tag: 'waiting' };
  /** Since the owner last told anything. */
  #attempt = 0;

  constructor(deps: MemberLinkDeps) {
    this.#deps = deps;
  }

  /** Enters at the owner, now or when there is one. */
  open(): void {
    if (this.#state.tag !== 'waiting') return;
    const shard = this.#deps.shard();
    const owner = this.#deps.owner(shard);
    if (owner === undefined) {
      // Whether it fails or not: the owner is waited for.
      this.#deps.ensure().catch(() => {});
      return this.#wait(undefined);
    }
    const connection = this.#deps.connections.to(owner.address);
    let membership: number;
    try {
      membership = connection.enter({ notice: (notice) => this.#told(notice), broken: () => this.#interrupted(owner) });
    } catch {
      return this.#wait(owner);
    }
    const forget = this.#deps.waits.whenMoved('groups', shard, owner, NO_LIMIT_MS, () => this.#interrupted(undefined));
    this.#move({ tag: 'entered', connection, membership, forget });
    connection.say(membership, { $case: 'join', value: { ...this.#deps.events.join(), shard } });
  }

  send(frame: Parameters<MemberLink['send']>[0]): boolean {
    if (this.#state.tag !== 'entered') return false;
    this.#state.connection.say(this.#state.membership, frame);
    return true;
  }

  close(): void {
    if (this.#state.tag === 'closed') return;
    if (this.#state.tag === 'entered') this.#state.connection.say(this.#state.membership, { $case: 'detached', value: {} });
    this.#end();
  }

  #end(): void {
    this.#exit();
    this.#move({ tag: 'closed' });
    this.#deps.closed();
  }

  #exit(): void {
    if (this.#state.tag !== 'entered') return;
    this.#state.forget();
    this.#state.connection.leave(this.#state.membership);
  }

  #told(notice: NonNullable<MemberNotice['notice']>): void {
    if (this.#state.tag !== 'entered') return;
    if (notice.$case === 'ended') {
      const reason = notice.value.error?.reason;
      if (reason !== undefined && ELSEWHERE.has(reason)) return this.#interrupted(this.#deps.owner(this.#deps.shard()));
      this.#end();
    } else this.#attempt = 0;
    this.#deps.events.notice(notice);
  }

  /** `owner`: whom to try again only after a wait; undefined: there is another one already. */
  #interrupted(owner: ShardOwner | undefined): void {
    if (this.#state.tag !== 'entered') return;
    this.#exit();
    this.#move({ tag: 'waiting' });
    this.#deps.events.interrupted();
    if (owner === undefined) this.open();
    else this.#wait(owner);
  }

  #wait(owner: ShardOwner | undefined): void {
    const attempt = this.#attempt;
    this.#attempt += 1;
    void this.#deps.waits.changed('groups', this.#deps.shard(), owner, { attempt, maxMs: NO_LIMIT_MS }).then(() => this.open());
  }

  #move(next: State): void {
    assert(LEGAL_MOVES[this.#state.tag].includes(next.tag), 'a legal move of a membership', { from: this.#state.tag, to: next.tag });
    this.#state = next;
  }
}
