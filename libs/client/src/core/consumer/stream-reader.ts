import { MoldauError, type Timer } from '@moldau/kernel';
import {
  type ClientCall,
  type FetchStreamPartition,
  type FetchStreamPosition,
  type FetchStreamRequest,
  type FetchStreamResponse,
  fetchService,
  itemToError,
} from '@moldau/protocol';
import type { Cluster } from '../cluster/cluster.ts';
import { unknownAddress } from '../cluster/cluster.ts';
import { wireIsolation } from '../offsets.ts';
import { type AssignedPartition, leaderOf } from './assigned-partition.ts';
import type { BrokerReader, ReaderHooks } from './broker-reader.ts';
import type { ConsumerIsolation } from './consumer-types.ts';

/** Servers send a heartbeat after 5 s of silence; after three missed ones the connection is dead. */
const SILENCE_MS = 15_000;
/** Credit goes back in lumps of this part of the share: a message for every batch would cost more than it gains. */
const CREDIT_LUMPS = 4;
/** Positions in one message. */
const POSITIONS_MAX = 10_000;

type Call = ClientCall<FetchStreamRequest>;

/** Reads by one stream on which the broker pushes as long as it has credit. */
export class StreamReader<K, V> implements BrokerReader<K, V> {
  readonly brokerId: number;
  readonly #cluster: Cluster;
  readonly #isolation: ConsumerIsolation;
  readonly #hooks: ReaderHooks<K, V>;
  readonly #positions = new Map<number, AssignedPartition<K, V>>();
  /** Added in this turn, not sent yet. */
  #adding: FetchStreamPosition[] = [];
  #removing: number[] = [];
  #sendScheduled = false;
  #call: Call | undefined;
  /** Bytes the broker may still send. */
  #credit = 0;
  /** Bytes received that the user is not done with. */
  #unconsumed = 0;
  #lastMessageMs = 0;
  #watchdog: Timer | undefined;
  #cancelCause: MoldauError | undefined;
  #closed = false;

  constructor(brokerId: number, cluster: Cluster, isolation: ConsumerIsolation, hooks: ReaderHooks<K, V>) {
    this.brokerId = brokerId;
    this.#cluster = cluster;
    this.#isolation = isolation;
    this.#hooks = hooks;
  }

  add(partition: AssignedPartition<K, V>): void {
    const { positionId, topicId, fetchOffset = 0 } = partition;
    this.#positions.set(positionId, partition);
    const leaderEpoch = leaderOf(partition)?.leaderEpoch;
    const lastFetchedEpoch = partition.epochs.before(fetchOffset);
    this.#adding.push({ positionId, topicId, partition: partition.partition, fetchOffset, leaderEpoch, lastFetchedEpoch });
    this.#scheduleSend();
  }

  remove(partition: AssignedPartition<K, V>): void {
    if (!this.#positions.delete(partition.positionId)) return;
    this.#removing.push(partition.positionId);
    this.#scheduleSend();
  }

  consumed(bytes: number): void {
    this.#unconsumed -= bytes;
    this.#giveCredit();
  }

  close(): void {
    this.#closed = true;
    this.#watchdog?.cancel();
    this.#positions.clear();
    this.#call?.end();
    this.#call?.cancel();
    this.#call = undefined;
  }

  #scheduleSend(): void {
    if (this.#sendScheduled) return;
    this.#sendScheduled = true;
    this.#cluster.ports.scheduler.nextTurn(() => {
      this.#sendScheduled = false;
      if (!this.#closed) this.#send();
    });
  }

  #send(): void {
    const removed = new Set(this.#removing);
    const adding = this.#adding.filter(({ positionId }) => !removed.has(positionId));
    const removing = this.#removing;
    this.#adding = [];
    this.#removing = [];
    if (this.#call === undefined) {
      if (adding.length === 0) return;
      this.#open();
    }
    // Not given while opening failed: its events say so.
    const call = this.#call;
    if (call === undefined) return;
    for (let from = 0; from < removing.length; from += POSITIONS_MAX) {
      call.send({ frame: { $case: 'unassign', value: { positionIds: removing.slice(from, from + POSITIONS_MAX) } } });
    }
    for (let from = 0; from < adding.length; from += POSITIONS_MAX) {
      call.send({ frame: { $case: 'assign', value: { positions: adding.slice(from, from + POSITIONS_MAX) } } });
    }
  }

  #open(): void {
    const opened: { call?: Call | undefined } = {};
    const call = this.#cluster.openStream(this.brokerId, fetchService.fetchStream, {
      message: (message: FetchStreamResponse) => {
        if (this.#call === opened.call) this.#message(message);
      },
      closed: (error) => {
        if (this.#call === opened.call) this.#broken(this.#cancelCause ?? error);
      },
    });
    opened.call = call;
    if (call === undefined) {
      this.#broken(unknownAddress(this.brokerId));
      return;
    }
    this.#call = call;
    // What is still buffered from an earlier stream counts.
    this.#credit = Math.max(1, this.#hooks.share() - this.#unconsumed);
    const value = { isolation: wireIsolation(this.#isolation), creditBytes: this.#credit };
    call.send({ frame: { $case: 'configuration', value } });
    this.#lastMessageMs = this.#nowMs();
    this.#watch();
  }

  #message({ frame }: FetchStreamResponse): void {
    this.#lastMessageMs = this.#nowMs();
    if (frame === undefined) return;
    switch (frame.$case) {
      case 'records':
        for (const partition of frame.value.partitions) this.#partition(partition);
        return;
      case 'heartbeat':
        return;
      case 'goAway': {
        const facts = { broker_id: String(this.brokerId) };
        this.#call?.end();
        this.#broken(new MoldauError('SHUTTING_DOWN', `broker ${this.brokerId} is about to stop: ${frame.value.message}`, facts));
        return;
      }
    }
  }

  #partition(part: FetchStreamPartition): void {
    const bytes = part.recordBatches.length;
    this.#credit -= bytes;
    this.#unconsumed += bytes;
    const partition = this.#positions.get(part.positionId);
    if (partition === undefined) {
      this.consumed(bytes);
      return;
    }
    if (part.error !== undefined) {
      this.#positions.delete(part.positionId);
      this.consumed(bytes);
      this.#hooks.failed(partition, part.positionId, itemToError(part.error));
      return;
    }
    this.#hooks.read(this, partition, part.positionId, part);
  }

  #giveCredit(): void {
    if (this.#call === undefined) return;
    const share = this.#hooks.share();
    const owed = share - this.#credit - this.#unconsumed;
    if (owed < share / CREDIT_LUMPS) return;
    this.#credit += owed;
    this.#call.send({ frame: { $case: 'credit', value: { bytes: Math.floor(owed) } } });
  }

  #broken(cause: MoldauError | undefined): void {
    this.#watchdog?.cancel();
    this.#watchdog = undefined;
    this.#call = undefined;
    this.#cancelCause = undefined;
    this.#credit = 0;
    this.#adding = [];
    this.#removing = [];
    const partitions = [...this.#positions.values()];
    this.#positions.clear();
    const facts = { broker_id: String(this.brokerId) };
    const ended = new MoldauError('CONNECTION_FAILED', `broker ${this.brokerId} ended the stream`, facts);
    this.#hooks.broken(this, partitions, cause ?? ended);
  }

  #watch(): void {
    this.#watchdog = this.#cluster.ports.scheduler.after(
      SILENCE_MS,
      () => {
        if (this.#nowMs() - this.#lastMessageMs < SILENCE_MS) {
          this.#watch();
          return;
        }
        const facts = { broker_id: String(this.brokerId), waited_ms: String(SILENCE_MS) };
        this.#cancelCause = new MoldauError('REQUEST_TIMED_OUT', `broker ${this.brokerId} was silent for ${SILENCE_MS} ms`, facts);
        this.#call?.cancel();
      },
      { background: true },
    );
  }

  #nowMs(): number {
    return this.#cluster.ports.clock.monotonicMs();
  }
}
