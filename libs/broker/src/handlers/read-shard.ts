import { MoldauError, type Offset, type Scheduler, type Status } from '@moldau/kernel';
import { partitionService, type ReadShardRequest, type ReadShardResponse, type ServerCall } from '@moldau/protocol';
import type { ClusterState } from '../metadata/cluster-state.ts';
import { findShard } from '../partition/find-shard.ts';
import type { Partition } from '../partition/partition.ts';
import type { PartitionLocator } from '../partition/partition-locator.ts';
import { invalidField } from '../produce/produce-terms.ts';
import { type RegisteredMethod, serverStreaming } from '../request/registered-method.ts';

/** What one message holds, unless one batch is larger. */
const MESSAGE_BYTES_MAX = 1024 * 1024;

export interface ReadShardDeps {
  readonly scheduler: Scheduler;
  readonly cluster: ClusterState;
  readonly locator: PartitionLocator;
}

/**
 * `PartitionService.ReadShard`: the committed batches of a shard, to the coordinator that loads it. One message is in the making
 * at a time, and none while the reader does not take what was sent.
 */
export function readShardMethod(deps: ReadShardDeps): RegisteredMethod {
  return serverStreaming(partitionService.readShard, (request, call: ServerCall<ReadShardResponse>) => {
    const partition = findShard(request, deps.cluster, deps.locator);
    const reading = new ShardReading(deps.scheduler, partition, request, call);
    reading.start();
    return { drained: () => reading.drained(), closed: (status) => reading.closed(status) };
  });
}

class ShardReading {
  readonly #scheduler: Scheduler;
  readonly #partition: Partition;
  readonly #until: number;
  readonly #call: ServerCall<ReadShardResponse>;
  #next: number;
  #closed = false;
  #resume: (() => void) | undefined;

  /** @throws MoldauError NOT_LEADER, OFFSET_OUT_OF_RANGE, INVALID_REQUEST */
  constructor(scheduler: Scheduler, partition: Partition, request: ReadShardRequest, call: ServerCall<ReadShardResponse>) {
    const { fromOffset, untilOffset } = request;
    if (!Number.isSafeInteger(fromOffset) || fromOffset < 0) throw invalidField('from_offset', fromOffset, '≥ 0');
    if (!Number.isSafeInteger(untilOffset) || untilOffset < fromOffset) throw invalidField('until_offset', untilOffset, '≥ from_offset');
    const { log, leadership } = partition.leading(undefined);
    if (untilOffset > leadership.highWatermark) throw beyond(partition, untilOffset, leadership.highWatermark);
    this.#scheduler = scheduler;
    this.#partition = partition;
    this.#call = call;
    this.#next = Math.max(fromOffset, log.startOffset);
    this.#until = untilOffset;
  }

  start(): void {
    this.#run().then(
      () => this.#end(undefined),
      (caught: unknown) => this.#end(MoldauError.from(caught)),
    );
  }

  drained(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  closed(_status: Status): void {
    this.#closed = true;
    this.drained();
  }

  async #run(): Promise<void> {
    while (!this.#closed && this.#next < this.#until) {
      const { log } = this.#partition.leading(undefined);
      const read = await log.read(this.#next as Offset, { maxBytes: MESSAGE_BYTES_MAX, upTo: this.#until as Offset });
      const recordBatches = Buffer.concat(read.batches);
      read.release();
      if (this.#closed) return;
      if (recordBatches.length === 0)
        throw new MoldauError('NOT_LEADER', 'the log ends before what was committed', { value: String(this.#next) });
      this.#next = read.nextOffset;
      if (!this.#call.send({ recordBatches })) await new Promise<void>((resolve) => (this.#resume = resolve));
      else await new Promise<void>((resolve) => this.#scheduler.nextTurn(resolve));
    }
  }

  #end(error: MoldauError | undefined): void {
    if (!this.#closed) this.#call.close(error);
  }
}

function beyond({ topicId, index }: Partition, value: number, limit: Offset): MoldauError {
  const facts = { topic_id: topicId, partition: String(index), value: String(value), end_offset: String(limit) };
  return new MoldauError('OFFSET_OUT_OF_RANGE', `until_offset is ${value}; ${limit} is the end of what is committed`, facts);
}
