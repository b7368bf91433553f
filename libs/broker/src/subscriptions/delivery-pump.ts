import { MoldauError } from '@moldau/kernel';
import type { ReadRecord } from '@moldau/protocol';
import type { ReadPosition, RecordCollector } from '../gateway/read-position.ts';
import type { HeldPartition } from './held-partition.ts';
import type { SubscriptionPorts } from './subscription-ports.ts';

/** Before a partition is read again that could not be, in milliseconds: its leader was looked for already. */
const RETRY_MS = 500;

export interface DeliveryPumpDeps {
  readonly ports: SubscriptionPorts;
  readonly maxBytes: number;
  /** Records that may be delivered now; 0: none. */
  room(): number;
  /** Records from `from` on; none: there was nothing to see up to the position. */
  deliver(partition: HeldPartition, from: number, records: readonly ReadRecord[]): void;
  /** Where the partition stood there is nothing: it stands elsewhere now. */
  reset(partition: HeldPartition, from: number): void;
}

/** Reads the partitions of one subscription in turn, one delivery in the making at a time and none while there is no room. */
export class DeliveryPump {
  readonly #deps: DeliveryPumpDeps;
  /** In the order in which they are read; the one just read goes last. */
  #turns: HeldPartition[] = [];
  #running = false;

  constructor(deps: DeliveryPumpDeps) {
    this.#deps = deps;
  }

  add(partition: HeldPartition): void {
    this.#turns.push(partition);
    partition.source?.watch(() => {
      if (partition.position !== undefined) partition.position.ready = true;
      this.#deps.ports.scheduler.nextTurn(() => this.run());
    });
    this.run();
  }

  remove(partition: HeldPartition): void {
    this.#turns = this.#turns.filter((each) => each !== partition);
  }

  /** There may be something to deliver, or room for it. */
  run(): void {
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    const { share, decoding } = this.#deps.ports;
    this.#running = true;
    for (let partition = this.#next(); partition !== undefined; partition = this.#next()) {
      const turn = partition;
      if (!share.left) await new Promise<void>((resolve) => share.whenNextTurn(resolve));
      await decoding.run(() => this.#read(turn));
    }
    this.#running = false;
  }

  #next(): HeldPartition | undefined {
    if (this.#deps.room() === 0) return undefined;
    const at = this.#turns.findIndex(({ state, position }) => state === 'reading' && position?.ready === true);
    const partition = this.#turns[at];
    if (partition !== undefined) this.#turns.push(...this.#turns.splice(at, 1));
    return partition;
  }

  async #read(partition: HeldPartition): Promise<void> {
    const { ports, maxBytes, room, deliver } = this.#deps;
    const { position, delivered: from } = partition;
    const most = room();
    if (position === undefined || most === 0) return;
    const records: ReadRecord[] = [];
    let sizeBytes = 0;
    const collector: RecordCollector = {
      add: (record, recordBytes) => {
        if (records.length >= most || (records.length > 0 && sizeBytes + recordBytes > maxBytes)) return false;
        records.push(record);
        sizeBytes += recordBytes;
        return true;
      },
    };
    try {
      await position.collect(collector, ports.compute);
    } catch (caught) {
      await this.#failed(partition, position, MoldauError.from(caught));
      return;
    } finally {
      ports.share.spend(sizeBytes);
      ports.metrics.sent(sizeBytes);
    }
    // Its client may have gone meanwhile, or the partition be asked for: then nobody has seen the records.
    if (partition.state !== 'reading' || (records.length > 0 && room() === 0)) return this.#again(partition, from);
    deliver(partition, from, records);
  }

  #again(partition: HeldPartition, from: number): void {
    if (partition.source !== undefined && !partition.isDropped) partition.goTo(partition.source, from);
  }

  async #failed(partition: HeldPartition, position: ReadPosition, error: MoldauError): Promise<void> {
    const { scheduler, logger } = this.#deps.ports;
    const { topic, index, delivered: from, source } = partition;
    if (source === undefined || partition.isDropped) return;
    if (error.reason === 'OFFSET_OUT_OF_RANGE' || error.reason === 'LOG_TRUNCATED') {
      const to = truncatedTo(partition.epochs.placed(error)) ?? (await whereToGoOn(source, position.nextOffset));
      if (partition.state !== 'reading') return;
      if (to !== undefined && to !== position.nextOffset) {
        logger.warn('a subscription goes on elsewhere, since there are no records where it stood', { topic, partition: index, from, to });
        partition.goTo(source, to);
        this.#deps.reset(partition, from);
        return;
      }
    } else logger.debug('a subscription could not read', { topic, partition: index, reason: error.reason, message: error.message });
    // What was read before the failure was not delivered.
    partition.goTo(source, from);
    if (partition.position !== undefined) partition.position.ready = false;
    scheduler.after(RETRY_MS, () => {
      if (partition.position !== undefined) partition.position.ready = true;
      this.run();
    });
  }
}

/** Up to where a log is what was read of it, if the error says so. */
function truncatedTo({ reason, facts }: MoldauError): number | undefined {
  return reason === 'LOG_TRUNCATED' ? Number(facts['diverging_offset']) : undefined;
}

/** The first record behind the position, or the end of a log that ends before it; undefined: not known now. */
async function whereToGoOn(source: HeldPartition['source'], at: number): Promise<number | undefined> {
  try {
    const earliest = await source?.find({ $case: 'earliest', value: {} });
    if (earliest !== undefined && at < earliest) return earliest;
    return await source?.find({ $case: 'latest', value: {} });
  } catch (caught) {
    if (caught instanceof MoldauError) return undefined;
    throw caught;
  }
}
