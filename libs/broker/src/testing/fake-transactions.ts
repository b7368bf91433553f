import type { MoldauError } from '@moldau/kernel';
import {
  Acks,
  type AddToTransaction,
  callUnary,
  type LagPosition,
  type MarkerResult,
  type MeasuredLag,
  type ProduceBatchResult,
  partitionService,
  producerService,
  TransactionOutcome,
} from '@moldau/protocol';
import type { PartitionTransaction, TransactionCoordinator } from '../transactions/transaction-coordinator.ts';
import { batchOf, produceBatch, SimBroker } from './sim-broker.ts';

const INTERNAL_ADDRESS = 'broker:9093';
const CALL_TIMEOUT_MS = 10_000;

/** Coordinators of transactions that say yes, unless told otherwise. */
export class FakeTransactions implements TransactionCoordinator {
  /** What was asked, in order; also what failed. */
  readonly asked: AddToTransaction[] = [];
  /** Answers of the next questions, first come first; after them `always`. */
  readonly next: (MoldauError | 'yes')[] = [];
  always: MoldauError | 'yes' = 'yes';
  /** While set, nothing is answered. */
  silent = false;
  /** Transactional id that has a transaction of the producer under way, by its id. */
  readonly known = new Map<number, string>();
  #waiting: (() => void)[] = [];

  async addToTransaction(request: AddToTransaction): Promise<void> {
    this.asked.push(request);
    if (this.silent) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const answer = this.next.shift() ?? this.always;
    if (answer !== 'yes') throw answer;
  }

  async underWay({ producerId }: PartitionTransaction): Promise<string | undefined> {
    if (this.always !== 'yes') throw this.always;
    return this.known.get(producerId);
  }

  /** Answers what waits. */
  speak(): void {
    this.silent = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** A producer's session. */
export interface SimSession {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** A marker to write. */
export interface SimMarker {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly outcome: 'commit' | 'abort';
  readonly shardEpoch?: number;
  readonly partitions?: readonly number[];
}

/** A broker with fake coordinators of transactions. */
export class SimTransactions {
  readonly sim: SimBroker;
  readonly coordinators: FakeTransactions;

  private constructor(sim: SimBroker, coordinators: FakeTransactions) {
    this.sim = sim;
    this.coordinators = coordinators;
  }

  static async started(): Promise<SimTransactions> {
    const coordinators = new FakeTransactions();
    return new SimTransactions(await SimBroker.started({}, { transactions: coordinators }), coordinators);
  }

  /** Produces one transactional batch for each list of values, from that sequence on. */
  produce(...given: Parameters<SimTransactions['send']>): Promise<ProduceBatchResult[]> {
    return this.sim.scheduler.until(this.send(...given));
  }

  /** The same, without running the simulation. */
  async send(
    topicId: string,
    session: SimSession,
    batches: readonly (readonly string[])[],
    options: { readonly sequence?: number; readonly partition?: number; readonly timeoutMs?: number } = {},
  ): Promise<ProduceBatchResult[]> {
    const { transactionalId } = session;
    let baseSequence = options.sequence ?? 0;
    const made = batches.map((values, batchId) => {
      const bytes = transactionalBatch(values, session, baseSequence);
      baseSequence += values.length;
      return produceBatch(topicId, bytes, { ...options, batchId, transactionalId });
    });
    const request = { acks: Acks.ALL, timeoutMs: options.timeoutMs, batches: made };
    const { results } = await callUnary(this.sim.channel, producerService.produce, request, { timeoutMs: 60_000 });
    return results;
  }

  /** How far behind positions are. */
  async lag(positions: readonly LagPosition[]): Promise<readonly MeasuredLag[]> {
    const channel = this.sim.network.node('coordinator', this.sim.scheduler).connector.connect(INTERNAL_ADDRESS);
    const call = callUnary(channel, partitionService.measureLag, { positions: [...positions] }, { timeoutMs: CALL_TIMEOUT_MS });
    return (await this.sim.scheduler.until(call)).results;
  }

  /** What became of markers in partitions of the topic. */
  async mark(topicId: string, markers: readonly SimMarker[]): Promise<MarkerResult[]> {
    const channel = this.sim.network.node('coordinator', this.sim.scheduler).connector.connect(INTERNAL_ADDRESS);
    const request = { markers: markers.map((marker) => wireMarker(topicId, marker)) };
    const { results } = await this.sim.scheduler.until(
      callUnary(channel, partitionService.writeMarkers, request, { timeoutMs: CALL_TIMEOUT_MS }),
    );
    return results;
  }
}

export function transactionalBatch(values: readonly string[], { producerId, producerEpoch }: SimSession, baseSequence: number): Uint8Array {
  return batchOf(values, { producerId, producerEpoch, baseSequence, transactional: true });
}

function wireMarker(topicId: string, { producerId, producerEpoch, outcome, shardEpoch = 1, partitions = [0] }: SimMarker) {
  return {
    producerId,
    producerEpoch,
    outcome: outcome === 'commit' ? TransactionOutcome.COMMIT : TransactionOutcome.ABORT,
    partitions: [{ topicId, partitions: [...partitions] }],
    shard: 0,
    shardEpoch,
  };
}

/** Name of the error, or the offset. */
export function outcomes(results: readonly { baseOffset?: number | undefined; error?: { reason: string } | undefined }[]): unknown[] {
  return results.map(({ baseOffset, error }) => error?.reason ?? baseOffset);
}
