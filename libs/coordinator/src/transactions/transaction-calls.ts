import { type Clock, MoldauError, type TopicId } from '@moldau/kernel';
import {
  type AbortShardTransaction,
  type AddToTransaction,
  type BeginProducerSessionRequest,
  type BeginProducerSessionResponse,
  type DescribeShardTransaction,
  type EndTransactionRequest,
  type EndTransactionResponse,
  type ListShard,
  type ShardTransactions,
  type TransactionDescription,
  TransactionOutcome,
} from '@moldau/protocol';
import type { ShardHandle } from '@moldau/shards';
import type { ShardCallContext } from '../shards/shard-kind.ts';
import { descriptionOf } from './describe-transaction.ts';
import { listTransactions } from './list-transactions.ts';
import type { ProducerIdBlocks } from './producer-id-blocks.ts';
import { runSettled } from './run-settled.ts';
import { nameOf, partitionsOf, sessionOf } from './session-of.ts';
import type { TransactionMachine } from './transaction-machine.ts';

/** `timeout_ms` of a session that names none. */
const TRANSACTION_TIMEOUT_MS_DEFAULT = 60_000;

type Shard = ShardHandle<TransactionMachine>;

/** What the call came with. */
export type Asked = Pick<ShardCallContext, 'namespace' | 'timeoutMs'>;

export interface TransactionCallsDeps {
  readonly clock: Clock;
  readonly ids: ProducerIdBlocks;
  readonly coordinatorId: string;
  /** Empty for a topic that is gone. */
  readonly topicName: (topicId: TopicId) => string;
}

/** What is asked of the shards of `__transactions`; each method answers one kind of call, and throws its errors. */
export class TransactionCalls {
  readonly #deps: TransactionCallsDeps;

  constructor(deps: TransactionCallsDeps) {
    this.#deps = deps;
  }

  /** Waits until what the session before had under way is aborted and complete. */
  async beginSession(request: BeginProducerSessionRequest, handle: Shard, asked: Asked): Promise<BeginProducerSessionResponse> {
    const name = nameOf(asked.namespace, request.transactionalId);
    const timeoutMs = request.timeoutMs ?? TRANSACTION_TIMEOUT_MS_DEFAULT;
    const current = request.current === undefined ? {} : { current: sessionOf(request.current) };
    await this.#idsReady();
    const session = await runSettled(this.#deps.clock, { handle, name, timeoutMs: asked.timeoutMs }, (shard, { wallMs: nowMs }) =>
      shard.initProducer({ name, timeoutMs, ...current, nowMs }),
    );
    return { session };
  }

  /** Waits until the transaction before is complete. */
  async addToTransaction(request: AddToTransaction, handle: Shard, asked: Asked): Promise<undefined> {
    const name = nameOf(asked.namespace, request.transactionalId);
    const session = sessionOf(request.session);
    const participants = { partitions: partitionsOf(request.partitions), groups: request.groups };
    if (participants.partitions.length + participants.groups.length === 0) {
      throw new MoldauError('INVALID_REQUEST', 'a partition or a group is required', { field: 'partitions' });
    }
    return runSettled(this.#deps.clock, { handle, name, timeoutMs: asked.timeoutMs }, (shard, { wallMs: nowMs }) =>
      shard.addToTransaction({ name, session, participants, nowMs }),
    );
  }

  async endTransaction(request: EndTransactionRequest, handle: Shard, asked: Asked): Promise<EndTransactionResponse> {
    const name = nameOf(asked.namespace, request.transactionalId);
    const session = sessionOf(request.session);
    const outcome = outcomeOf(request.outcome);
    await this.#idsReady();
    return runSettled(this.#deps.clock, { handle, name, timeoutMs: asked.timeoutMs }, (shard, { wallMs: nowMs }) =>
      shard.endTransaction({ name, session, outcome, nowMs }),
    );
  }

  /** Does not wait for the end of the transaction: who aborts sees by the next description that it is complete. */
  async abortTransaction(request: AbortShardTransaction, handle: Shard, { namespace, timeoutMs }: Asked): Promise<undefined> {
    const name = nameOf(namespace, request.transactionalId);
    await this.#idsReady();
    const answer = await handle.run((machine, { wallMs: nowMs }) => machine.outcome(machine.shard.abortTransaction({ name, nowMs })), {
      timeoutMs,
    });
    if (answer.kind === 'refused') throw answer.error;
    return undefined;
  }

  listTransactions(request: ListShard, handle: Shard, { namespace, timeoutMs }: Asked): Promise<ShardTransactions> {
    return handle.run((machine, { wallMs }) => ({ records: [], response: listTransactions(machine.shard, request, namespace, wallMs) }), {
      timeoutMs,
    });
  }

  async describeTransaction(request: DescribeShardTransaction, handle: Shard, asked: Asked): Promise<TransactionDescription> {
    const name = nameOf(asked.namespace, request.transactionalId);
    const { coordinatorId, topicName } = this.#deps;
    const entry = await handle.run((machine) => ({ records: [], response: machine.shard.find(name) }), { timeoutMs: asked.timeoutMs });
    if (entry === undefined || entry.state.kind === 'dead') {
      const facts = { namespace: name.namespace, transactional_id: name.transactionalId };
      throw new MoldauError('UNKNOWN_TRANSACTIONAL_ID', `no session of transactional id ${name.transactionalId} is known`, facts);
    }
    return descriptionOf(entry, { shard: handle.index, coordinatorId, topicName });
  }

  /** A session's epochs may be used up with any end: an id must be at hand before an operation runs. */
  async #idsReady(): Promise<void> {
    if (!this.#deps.ids.isReady) await this.#deps.ids.ready();
  }
}

function outcomeOf(outcome: TransactionOutcome): 'commit' | 'abort' {
  switch (outcome) {
    case TransactionOutcome.COMMIT:
      return 'commit';
    case TransactionOutcome.ABORT:
      return 'abort';
    case TransactionOutcome.UNSPECIFIED:
    case TransactionOutcome.UNRECOGNIZED:
      throw new MoldauError('INVALID_REQUEST', 'an outcome is required: commit or abort', { field: 'outcome', value: String(outcome) });
  }
}
