import {
  decodeRecord,
  encodeRecord,
  type GroupRef,
  type GroupResult,
  GroupShard,
  type GroupShardOptions,
  type MemberNotice,
} from '@moldau/groups';
import { type EncodedRecord, type Instants, MoldauError } from '@moldau/kernel';
import type { ShardHandle, ShardMachine, ShardOutcome } from '@moldau/shards';
import { AttachedMembers } from './attached-members.ts';

/** What an operation on groups is given. */
export type GroupOperation<Response> = (shard: GroupShard, now: Instants) => GroupResult<Response>;

/** What came of an operation that was decided: an error that the state gave is an answer like any other. */
export type Decision<Response> =
  | { readonly tag: 'done'; readonly response: Response }
  | { readonly tag: 'refused'; readonly error: MoldauError };

export interface GroupMachineOptions extends GroupShardOptions {
  /** It is loaded, or an operation has run: there may be something to do in the background. */
  readonly stirred: () => void;
  readonly closed: () => void;
}

/** A shard of groups as the runtime of shards drives it, with the members that are connected. */
export class GroupMachine implements ShardMachine {
  readonly shard: GroupShard;
  readonly attached = new AttachedMembers();
  readonly #options: GroupMachineOptions;

  constructor(options: GroupMachineOptions) {
    this.#options = options;
    this.shard = new GroupShard(options);
  }

  replay(record: EncodedRecord): void {
    this.shard.replay(decodeRecord(record));
  }

  begin(now: Instants): void {
    this.shard.begin(now);
    this.#options.stirred();
  }

  close(): void {
    this.#options.closed();
    this.attached.lost();
  }

  /** Settings of the group may be others: members that are connected are told. */
  settingsMayDiffer(group: GroupRef): void {
    this.attached.settingsChanged(group, this.#options.settings.settingsOf(group));
  }

  /**
   * Runs an operation on the state. A refusal is an outcome without records: it is released only once a round has proven that
   * this is still the owner, for a former one would refuse what the present one takes.
   */
  perform<Response>(
    now: Instants,
    operation: GroupOperation<Response>,
    committed?: (response: Response) => void,
  ): ShardOutcome<Decision<Response>> {
    let result: GroupResult<Response>;
    try {
      result = operation(this.shard, now);
    } catch (caught) {
      if (!(caught instanceof MoldauError)) throw caught;
      return { records: [], response: { tag: 'refused', error: caught } };
    }
    const { records, response, notices } = result;
    if (records.length > 0) this.#options.stirred();
    return {
      records: records.map(encodeRecord),
      response: { tag: 'done', response },
      committed: () => {
        committed?.(response);
        this.attached.deliver(notices);
      },
    };
  }
}

/** Runs an operation on a shard of groups, and answers when it is committed. Rejects also with what the state refuses. */
export async function perform<Response>(
  handle: ShardHandle<GroupMachine>,
  timeoutMs: number,
  operation: GroupOperation<Response>,
): Promise<Response> {
  const decision = await handle.run((machine, now) => machine.perform(now, operation), { timeoutMs });
  if (decision.tag === 'refused') throw decision.error;
  return decision.response;
}

/** An operation that only looks. */
export function looking<Response>(look: (shard: GroupShard) => Response): GroupOperation<Response> {
  return (shard) => ({ records: [], response: look(shard), notices: NO_NOTICES });
}

const NO_NOTICES: readonly MemberNotice[] = [];
