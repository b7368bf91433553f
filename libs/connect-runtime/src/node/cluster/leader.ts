import { type Moldau, MoldauError, serdes, type TransactionalProducer } from '@moldau/client';
import { type ConfigRecord, encodeConfigRecord } from '../../core/config-record.ts';
import type { CommandOutcome, ConnectCommand } from '../../core/connect-command.ts';
import type { ConnectImage } from '../../core/connect-image.ts';
import { decide } from '../../core/decide.ts';
import type { WorkerClusterNames } from '../../core/names.ts';
import type { StatusImage } from '../../core/run-status.ts';
import { describeWorkers, ownersOf } from './slot-member.ts';
import type { TopicTail } from './topic-tail.ts';

/** After so long the cluster aborts what a dead leader left open. */
const TRANSACTION_TIMEOUT_MS = 10_000;
/** Commands that wait for their turn; more are refused. */
const WAITING_MAX = 1_000;

export interface LeaderParts {
  readonly moldau: Moldau;
  readonly names: WorkerClusterNames;
  readonly worker: { readonly workerId: string; readonly restUrl: string };
  readonly image: ConnectImage;
  readonly statuses: StatusImage;
  readonly configs: TopicTail;
}

/**
 * The only writer of the configs topic: one command after the other, each decided on all that was written before, and written in one
 * transaction. Whoever led before is fenced by the transactional id.
 */
export class Leader {
  readonly #parts: LeaderParts;
  readonly #producer: TransactionalProducer<string, string>;
  #turn: Promise<unknown>;
  #waiting = 0;
  #closed = false;

  constructor(parts: LeaderParts) {
    this.#parts = parts;
    this.#producer = parts.moldau.transactionalProducer({
      transactionalId: parts.names.leaderId,
      timeoutMs: TRANSACTION_TIMEOUT_MS,
      keySerializer: serdes.string,
      valueSerializer: serdes.string,
    });
    // The first transaction fences, and once it is read all that others wrote has been read.
    this.#turn = this.#write([]);
    this.#turn.catch(() => {});
  }

  /** Resolves once it leads. */
  async ready(): Promise<void> {
    await this.#turn;
  }

  /** @throws MoldauError what the decision refuses; REBALANCE_IN_PROGRESS: nothing was written; what the transaction fails with */
  run(command: ConnectCommand): Promise<CommandOutcome> {
    return this.exclusively(async () => {
      const { image, statuses, moldau, names } = this.#parts;
      const owners = ownersOf(await describeWorkers(moldau, names).catch(() => []));
      const { records, outcome } = decide(command, { image, statuses, owners });
      return records.length === 0 ? outcome : { ...outcome, offset: await this.#write(records) };
    });
  }

  /** Runs `work` while no command does. */
  async exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= WAITING_MAX) throw new MoldauError('REBALANCE_IN_PROGRESS', `${WAITING_MAX} commands wait for the leader`);
    this.#waiting += 1;
    const turn = this.#turn.catch(() => {}).then(() => this.#whileLeading(work));
    this.#turn = turn;
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn.catch(() => {});
    await this.#producer.close({ timeoutMs: 5_000 });
  }

  #whileLeading<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(new MoldauError('REBALANCE_IN_PROGRESS', 'this worker leads no more'));
    return work();
  }

  async #write(records: readonly ConfigRecord[]): Promise<number> {
    const { names, worker, image, configs } = this.#parts;
    const written = await this.#producer.transaction(async (transaction) => {
      // Also the newest revision is in there, so that it can't come twice.
      const revisions = records.map((record) =>
        'revision' in record ? record.revision : record.t === 'restart' ? Math.max(record.planner, ...record.tasks) : 0,
      );
      const leader: ConfigRecord = { t: 'leader', ...worker, revision: Math.max(image.revision, ...revisions) };
      const sent = [...records, leader].map((record) =>
        transaction.send({ topic: names.configs, partition: 0, ...encodeConfigRecord(record) }),
      );
      const places = await Promise.all(sent);
      return places.at(-1)?.offset ?? 0;
    });
    await configs.reached(written);
    return written;
  }
}
