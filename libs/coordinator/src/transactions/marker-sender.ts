import type { Clock, Logger, MoldauError, Random, Scheduler } from '@moldau/kernel';
import type { ShardHandle } from '@moldau/shards';
import { type MarkerConfirmation, type Participants, routeMarkers, type TransactionName } from '@moldau/transactions';
import { BrokerLanes } from './broker-lanes.ts';
import { GroupLanes } from './group-lanes.ts';
import type { LiveDirectory, MarkerBrokers, MarkerGroups } from './marker-ports.ts';
import { MarkerRetries } from './marker-retries.ts';
import { type MarkerVerdict, NO_PARTICIPANTS, type SentTask, taskAgain } from './marker-task.ts';
import type { TransactionMachine } from './transaction-machine.ts';
import type { TransactionMetrics } from './transaction-metrics.ts';

/** How long a completion may wait for its append. It is not lost after that: nobody waits for it. */
const COMPLETION_TIMEOUT_MS = 30_000;
/** A marker that could not be delivered so often is worth a line in the log, and each time that it has been as often again. */
const ATTEMPTS_PER_WARNING = 20;

export interface MarkerSenderDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  readonly directory: LiveDirectory;
  readonly brokers: MarkerBrokers;
  readonly groups: MarkerGroups;
  /** The shard, when this instance has it. */
  readonly handleOf: (shard: number) => ShardHandle<TransactionMachine> | undefined;
  readonly metrics: TransactionMetrics;
}

/**
 * Sends the markers of decided transactions to all that took part, until each has confirmed, and then has the shard complete
 * them. One for the instance: the markers of all its shards share calls. Who has confirmed is in memory only; the next owner
 * of a shard sends all again.
 */
export class MarkerSender {
  readonly #deps: MarkerSenderDeps;
  readonly #brokers: BrokerLanes;
  readonly #groups: GroupLanes;
  readonly #retries: MarkerRetries;
  readonly #unlisten: () => void;
  #decided: SentTask[] = [];
  #complete = new Map<TransactionMachine, MarkerConfirmation[]>();
  #isScheduled = false;

  constructor(deps: MarkerSenderDeps) {
    this.#deps = deps;
    this.#brokers = new BrokerLanes({
      brokers: deps.brokers,
      judged: (task, partitions, verdict, error) => this.#judged(task, { ...NO_PARTICIPANTS, partitions }, verdict, error),
    });
    this.#groups = new GroupLanes({
      groups: deps.groups,
      judged: (task, groups, verdict, error) => this.#judged(task, { ...NO_PARTICIPANTS, groups }, verdict, error),
    });
    this.#retries = new MarkerRetries({ ...deps, due: (tasks) => this.#route(tasks) });
    this.#unlisten = deps.directory.listen(() => this.#retries.wake());
  }

  /** Participants of decided transactions that could not be told yet, in pieces. */
  get undelivered(): number {
    return this.#retries.size;
  }

  stop(): void {
    this.#unlisten();
    this.#retries.stop();
  }

  /** A decision is committed: its markers go with all others of this turn. */
  decided(machine: TransactionMachine, name: TransactionName): void {
    const task = machine.shard.markerOf(name);
    if (task === undefined) return;
    this.#decided.push({ ...task, machine, attempt: 0 });
    this.#schedule();
  }

  /** A shard was loaded: whatever its former owner had delivered, everything goes again. */
  began(machine: TransactionMachine): void {
    for (const task of machine.shard.waitingMarkers()) this.#decided.push({ ...task, machine, attempt: 0 });
    if (this.#decided.length > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#deps.scheduler.nextTurn(() => {
      this.#isScheduled = false;
      const tasks = this.#decided;
      this.#decided = [];
      this.#route(tasks);
      this.#completeAll();
    });
  }

  #route(tasks: readonly SentTask[]): void {
    const live = tasks.filter(({ machine }) => !machine.isClosed);
    const { brokers, groupShards, gone, absent } = routeMarkers(live, this.#deps.directory);
    for (const [broker, markers] of brokers) this.#brokers.send(broker, markers);
    for (const [shard, markers] of groupShards) this.#groups.send(shard, markers);
    for (const { task, targets } of gone) this.#judged(task, { ...NO_PARTICIPANTS, partitions: targets }, 'confirmed', undefined);
    for (const { task, targets } of absent) this.#retries.add(taskAgain(task, { partitions: targets }));
    // A transaction of nobody, or of those only who confirmed to a former owner in vain, lacks only its last record.
    for (const task of live) if (isNobody(task.waiting)) this.#judged(task, NO_PARTICIPANTS, 'confirmed', undefined);
  }

  #judged(task: SentTask, participants: Participants, verdict: MarkerVerdict, error: MoldauError | undefined): void {
    const { machine } = task;
    if (machine.isClosed) return;
    this.#deps.metrics.markers(verdict).add(Math.max(1, participants.partitions.length + participants.groups.length));
    switch (verdict) {
      case 'confirmed': {
        const { name, producerId, producerEpoch } = task;
        const confirmation = { name, producerId, producerEpoch, confirmed: participants, nowMs: this.#deps.clock.wallMs() };
        if (machine.noteConfirmed(confirmation)) this.#completed(machine, confirmation);
        return;
      }
      case 'again':
        this.#report(task, error);
        this.#retries.add(taskAgain(task, participants));
        return;
      case 'fenced':
        this.#deps.logger.warn('markers are left to the owner of the shard', { shard: machine.index, shardEpoch: machine.shardEpoch });
        return;
    }
  }

  #completed(machine: TransactionMachine, confirmation: MarkerConfirmation): void {
    const confirmations = this.#complete.get(machine) ?? [];
    this.#complete.set(machine, confirmations);
    confirmations.push(confirmation);
    this.#schedule();
  }

  /** One operation for all transactions of a shard that became complete in this turn. */
  #completeAll(): void {
    const complete = this.#complete;
    this.#complete = new Map();
    for (const [machine, confirmations] of complete) {
      const handle = this.#deps.handleOf(machine.index);
      if (handle?.active() !== machine) continue;
      handle
        // The next transaction may begin already. A record that is lost costs the markers once more.
        .run(() => machine.complete(confirmations), { timeoutMs: COMPLETION_TIMEOUT_MS, unhurried: true })
        .catch((caught: unknown) => {
          // Nothing was done: the shard is busy. Any other refusal says that the shard is lost, or that the record is on its way.
          if (reasonOf(caught) === 'SHARD_OVERLOADED') for (const { name } of confirmations) this.#decideAgain(machine, name);
        });
    }
  }

  #decideAgain(machine: TransactionMachine, name: TransactionName): void {
    const task = machine.isClosed ? undefined : machine.shard.markerOf(name);
    if (task !== undefined) this.#retries.add({ ...task, machine, attempt: 1 });
  }

  #report({ machine, name, attempt }: SentTask, error: MoldauError | undefined): void {
    if (attempt === 0 || attempt % ATTEMPTS_PER_WARNING !== 0) return;
    const facts = { ...name, shard: machine.index, attempts: attempt, error: error?.message ?? '' };
    this.#deps.logger.warn('a transaction waits for a participant that could not be told of its end', facts);
  }
}

function isNobody({ partitions, groups }: Participants): boolean {
  return partitions.length === 0 && groups.length === 0;
}

function reasonOf(caught: unknown): string {
  return caught instanceof Error && 'reason' in caught ? String(caught.reason) : '';
}
