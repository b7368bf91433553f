import { assert, DEFAULT_NAMESPACE, type ErrorName, partitionIndex, topicId } from '@moldau/kernel';
import type { TransactionOutcome } from '@moldau/records';
import { SeededRandom } from '@moldau/testkit';
import { outcomeOf } from '../markers.ts';
import type { TopicPartition } from '../participants.ts';
import type { Answer, Result } from '../result.ts';
import { decodeTransactionRecord } from '../transaction-record.ts';
import type { TransactionShard } from '../transaction-shard.ts';
import { createClient, type ModelClient } from './model-client.ts';
import { compacted, ModelCoordinator } from './model-coordinator.ts';
import { ModelPartition, transactionKey } from './model-partition.ts';
import type { PlantedBug } from './planted-bug.ts';

const STEPS = 1000;
const PARTITIONS = 3;
const TIMEOUT_MS = 3000;
/** With more on their way, markers wait: they would only delay each other. */
const MESSAGES_MAX = 8;
const SETTLE_ROUNDS_MAX = 200;
const TOPIC = topicId('00000000-0000-4000-8000-000000000001');

export interface Simulated {
  /** Transactions that clients know to be committed. */
  readonly committed: number;
  readonly aborted: number;
  readonly failures: number;
}

/** Clients, zombies among them, one shard whose owner dies now and then, and partitions; messages come late, twice or never. */
export function simulate(seed: number, bug?: PlantedBug): Simulated {
  const world = new World(seed, bug);
  for (let step = 0; step < STEPS; step++) world.step();
  world.settle();
  return world.check();
}

class World {
  readonly #random: SeededRandom;
  readonly #coordinator: ModelCoordinator;
  readonly #partitions: readonly ModelPartition[];
  readonly #clients: readonly ModelClient[];
  #messages: (() => void)[] = [];
  #nowMs = 1_000_000;
  #batches = 0;
  #failures = 0;
  /** What clients were told. */
  readonly #told = new Map<string, TransactionOutcome>();
  /** Batches that clients know to be in a transaction which they were told is committed. */
  readonly #kept: number[] = [];

  constructor(seed: number, bug: PlantedBug | undefined) {
    this.#random = new SeededRandom(seed);
    this.#coordinator = new ModelCoordinator(this.#random, bug);
    this.#partitions = Array.from({ length: PARTITIONS }, () => new ModelPartition(bug));
    const names = ['one', 'two'].map((transactionalId) => ({ namespace: DEFAULT_NAMESPACE, transactionalId }));
    this.#clients = names.flatMap((name) => [createClient(name), createClient(name)]);
  }

  step(): void {
    const dice = this.#random.below(100);
    if (dice < 25) this.#actAsClient();
    else if (dice < 65) this.#deliver();
    else if (dice < 86) this.#coordinator.commitSome();
    else if (dice < 95) this.#sendMarkers();
    else if (dice < 99 || this.#random.below(3) > 0) this.#passTime();
    else this.#fail();
  }

  /** No client acts any more; everything must come to its end. */
  settle(): void {
    for (let round = 0; round < SETTLE_ROUNDS_MAX; round++) {
      this.#nowMs += TIMEOUT_MS;
      this.#perform(
        (shard) => shard.expireTransactions(this.#nowMs),
        () => undefined,
      );
      this.#coordinator.commitSome();
      this.#sendMarkers();
      for (let left = this.#messages.length; left > 0; left--) this.#deliver();
    }
    const { ongoing, prepared } = this.#coordinator.shard.counts;
    assert(ongoing === 0 && prepared === 0, 'every transaction completes', { ongoing, prepared });
    for (const partition of this.#partitions) assert(partition.openTransactions === 0, 'no transaction hangs');
  }

  check(): Simulated {
    const outcomes = this.#checkDecisions();
    for (const partition of this.#partitions) {
      for (const [key, outcome] of partition.outcomes) {
        assert((outcomes.get(key) ?? outcome) === outcome, 'a transaction has one outcome, at all partitions', { key, outcome });
        outcomes.set(key, outcome);
      }
      for (const [batch, key] of partition.written) {
        assert(partition.decided.get(batch) === outcomes.get(key), 'a batch is decided as its transaction', { batch, key });
      }
    }
    for (const [key, outcome] of this.#told)
      assert(outcomes.get(key) === outcome, 'the outcome is the one that was answered', { key, outcome });
    for (const batch of this.#kept) {
      const counts = this.#partitions.some((partition) => partition.decided.get(batch) === 'commit');
      assert(counts, 'an acknowledged batch of a committed transaction counts', { batch });
    }
    this.#checkReplay();
    const told = [...this.#told.values()];
    const committed = told.filter((outcome) => outcome === 'commit').length;
    return { committed, aborted: told.length - committed, failures: this.#failures };
  }

  /** Decisions of the log: never two for one transaction. */
  #checkDecisions(): Map<string, TransactionOutcome> {
    const outcomes = new Map<string, TransactionOutcome>();
    for (const encoded of this.#coordinator.log) {
      const record = decodeTransactionRecord(encoded);
      const state = record.kind === 'entry' ? record.entry.state : undefined;
      const outcome = state === undefined ? undefined : outcomeOf(state);
      if (state === undefined || outcome === undefined || !('former' in state) || state.former === undefined) continue;
      const key = transactionKey(state.former);
      assert((outcomes.get(key) ?? outcome) === outcome, 'a transaction is decided once', { key });
      outcomes.set(key, outcome);
    }
    return outcomes;
  }

  #checkReplay(): void {
    const { log, shard } = this.#coordinator;
    for (const again of [this.#coordinator.load(log), this.#coordinator.load(compacted(log))]) {
      const want = JSON.stringify([...shard.entries()]);
      assert(JSON.stringify([...again.entries()]) === want, 'replay gives the state', { want });
    }
  }

  #actAsClient(): void {
    const client = this.#random.below(12) > 0 ? this.#pick(this.#clients.filter((_, at) => at % 2 === 0)) : this.#pick(this.#clients);
    // A client that has waited long enough for an answer goes on without it.
    if (client.busy && this.#random.below(10) > 0) return;
    if (client.session === undefined || this.#random.below(80) === 0) this.#init(client);
    else if (client.ending !== undefined) this.#end(client, client.ending);
    else if (this.#random.below(4) > 0 || client.acknowledged.length === 0) this.#write(client);
    else this.#end(client, this.#random.below(3) > 0 ? 'commit' : 'abort');
  }

  #init(client: ModelClient): void {
    const current = this.#random.below(2) === 0 ? client.session : undefined;
    const request = { name: client.name, timeoutMs: TIMEOUT_MS, nowMs: this.#nowMs, ...(current === undefined ? {} : { current }) };
    this.#ask(
      client,
      (shard) => shard.initProducer(request),
      (answer) => {
        client.acknowledged = [];
        client.ending = undefined;
        if (answer.kind === 'done') client.session = answer.value;
        else if (answer.error.reason === 'FENCED_PRODUCER') client.session = undefined;
      },
    );
  }

  #end(client: ModelClient, outcome: TransactionOutcome): void {
    const { session, acknowledged } = client;
    if (session === undefined) return;
    client.ending = outcome;
    this.#ask(
      client,
      (shard) => shard.endTransaction({ name: client.name, session, outcome, nowMs: this.#nowMs }),
      (answer) => {
        if (client.session !== session) return;
        if (answer.kind === 'refused') return this.#afterRefusal(client, answer.error.reason);
        this.#told.set(transactionKey(session), outcome);
        if (outcome === 'commit') this.#kept.push(...acknowledged);
        client.session = answer.value.session;
        client.acknowledged = [];
        client.ending = undefined;
      },
    );
  }

  #afterRefusal(client: ModelClient, reason: ErrorName): void {
    if (reason === 'CONCURRENT_TRANSACTIONS') return;
    if (reason === 'TRANSACTION_ABORTED') {
      client.ending = 'abort';
      client.acknowledged = [];
      return;
    }
    client.session = undefined;
    client.ending = undefined;
    client.acknowledged = [];
  }

  #write(client: ModelClient): void {
    const { session } = client;
    if (session === undefined) return;
    const index = this.#random.below(PARTITIONS);
    const partition = this.#partitions[index];
    const batch = (this.#batches += 1);
    const target: TopicPartition = { topicId: TOPIC, partition: partitionIndex(index) };
    const append = (): void => {
      if (partition?.append(session, batch) === true && client.session === session && client.ending === undefined) {
        client.acknowledged.push(batch);
      }
    };
    this.#send(() => {
      // The leader: the same batch twice is its producer's sequence's matter, not ours.
      if (partition?.written.has(batch) !== false) return;
      if (!partition.needsVerification(session)) return append();
      const participants = { partitions: [target], groups: [] };
      this.#perform(
        (shard) => shard.addToTransaction({ name: client.name, session, participants, nowMs: this.#nowMs }),
        (answer) => {
          if (answer.kind === 'done') return append();
          if (client.session === session && answer.error.reason !== 'CONCURRENT_TRANSACTIONS')
            this.#afterRefusal(client, answer.error.reason);
        },
      );
    });
  }

  #sendMarkers(): void {
    if (this.#messages.length > MESSAGES_MAX) return;
    for (const task of this.#coordinator.markers()) {
      for (const target of task.waiting.partitions) {
        this.#send(() => {
          this.#partitions[target.partition]?.mark(task);
          const confirmed = { partitions: [target], groups: [] };
          const { name, producerId, producerEpoch } = task;
          this.#send(() =>
            this.#perform(
              (shard) => shard.confirmMarkers({ name, producerId, producerEpoch, confirmed, nowMs: this.#nowMs }),
              () => undefined,
            ),
          );
        });
      }
    }
  }

  #passTime(): void {
    this.#nowMs += this.#random.below(this.#random.below(20) > 0 ? TIMEOUT_MS / 20 : 10 * TIMEOUT_MS);
    this.#perform(
      (shard) => shard.expireTransactions(this.#nowMs),
      () => undefined,
    );
    this.#perform(
      (shard) => shard.expireIdle(this.#nowMs),
      () => undefined,
    );
  }

  #fail(): void {
    this.#failures += 1;
    this.#coordinator.fail();
    for (const client of this.#clients) client.busy = false;
  }

  /** A request that comes, or not, perhaps twice, with an answer that the client may wait for in vain. */
  #ask<Value>(client: ModelClient, operation: (shard: TransactionShard) => Result<Value>, settle: (answer: Answer<Value>) => void): void {
    client.busy = true;
    this.#send(() =>
      this.#perform(operation, (answer) => {
        client.busy = false;
        settle(answer);
      }),
    );
  }

  #perform<Value>(operation: (shard: TransactionShard) => Result<Value>, release: (answer: Answer<Value>) => void): void {
    this.#coordinator.perform(operation, release);
  }

  #send(message: () => void): void {
    if (this.#random.below(40) === 0) return;
    this.#messages.push(message);
    if (this.#random.below(12) === 0) this.#messages.push(message);
  }

  #deliver(): void {
    if (this.#messages.length === 0) return;
    // Mostly in order; some overtake.
    const at = this.#random.below(4) > 0 ? 0 : this.#random.below(this.#messages.length);
    const [message] = this.#messages.splice(at, 1);
    message?.();
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#random.below(items.length)];
    assert(item !== undefined, 'there is something to pick from');
    return item;
  }
}
