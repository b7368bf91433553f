import type { EncodedRecord, Instants } from '@moldau/kernel';
import type { ShardMachine, ShardOutcome } from '@moldau/shards';
import {
  type Answer,
  decodeTransactionRecord,
  encodeTransactionRecord,
  type MarkerConfirmation,
  type ProducerIds,
  type Result,
  type TransactionName,
  type TransactionRecord,
  TransactionShard,
} from '@moldau/transactions';
import type { CompletionWaiters } from './completion-waiters.ts';

/** Who does what follows from a shard's state: sends markers, watches timeouts. */
export interface TransactionMachineListener {
  /** The decision of this transactional id is committed: its markers may be sent. */
  decided(machine: TransactionMachine, name: TransactionName): void;
  /** The shard is lost: nothing is to be sent for it any more. */
  closed(machine: TransactionMachine): void;
}

export interface TransactionMachineDeps {
  readonly index: number;
  /** Epoch in which this instance owns the shard: markers are fenced by it. */
  readonly shardEpoch: number;
  readonly ids: ProducerIds;
  readonly waiters: CompletionWaiters;
  readonly listener: TransactionMachineListener;
}

/** One shard of `__transactions` in one epoch of its owner: the state machine, with what it tells its host. */
export class TransactionMachine implements ShardMachine {
  readonly index: number;
  readonly shardEpoch: number;
  readonly shard: TransactionShard;
  readonly #waiters: CompletionWaiters;
  readonly #listener: TransactionMachineListener;
  #isClosed = false;

  constructor({ index, shardEpoch, ids, waiters, listener }: TransactionMachineDeps) {
    this.index = index;
    this.shardEpoch = shardEpoch;
    this.shard = new TransactionShard({ ids });
    this.#waiters = waiters;
    this.#listener = listener;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  replay(encoded: EncodedRecord): void {
    const record = decodeTransactionRecord(encoded);
    this.shard.replay(record);
    this.shard.commit(record);
  }

  /** What a loaded shard has to do begins with the host's `activated`, when operations may run. */
  begin(_now: Instants): void {}

  close(): void {
    this.#isClosed = true;
    this.#waiters.abandon(this);
    this.#listener.closed(this);
  }

  /** Takes the records of an operation into the state at once; the next operation builds on them. */
  outcome<Value>({ records, answer }: Result<Value>): ShardOutcome<Answer<Value>> {
    if (records.length === 0) return { records: [], response: answer };
    for (const record of records) this.#apply(record);
    return {
      records: records.map(encodeTransactionRecord),
      response: answer,
      committed: () => {
        for (const record of records) this.#committed(record);
      },
    };
  }

  /** Whether markers of the id's last transaction are on their way: until they are, nothing new begins. */
  isCompleting(name: TransactionName): boolean {
    const kind = this.shard.find(name)?.state.kind;
    return kind === 'prepareCommit' || kind === 'prepareAbort';
  }

  /** Waits until it no longer is; false when that took longer than `timeoutMs`, or the shard is lost. */
  completed(name: TransactionName, timeoutMs: number): Promise<boolean> {
    return this.isCompleting(name) ? this.#waiters.wait(this, name, timeoutMs) : Promise.resolve(true);
  }

  /** Notes who has a marker; says whether the transaction is complete but for the record that says so. */
  noteConfirmed(confirmation: MarkerConfirmation): boolean {
    return this.shard.confirmMarkers(confirmation).records.length > 0;
  }

  /** The records of transactions all of whose markers are confirmed, as one operation. */
  complete(confirmations: readonly MarkerConfirmation[]): ShardOutcome<Answer<undefined>> {
    const records = confirmations.flatMap((confirmation) => this.shard.confirmMarkers(confirmation).records);
    return this.outcome({ records, answer: { kind: 'done', value: undefined } });
  }

  #apply(record: TransactionRecord): void {
    this.shard.replay(record);
    const name = record.kind === 'entry' ? record.entry.name : record.name;
    if (!this.isCompleting(name)) this.#waiters.wake(this, name);
  }

  #committed(record: TransactionRecord): void {
    this.shard.commit(record);
    if (record.kind !== 'entry') return;
    const { kind } = record.entry.state;
    if (kind === 'prepareCommit' || kind === 'prepareAbort') this.#listener.decided(this, record.entry.name);
  }
}
