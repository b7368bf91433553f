import { type MetadataImage, type ShardKindName, shardKindCode, shardTopic } from '@moldau/cluster';
import { type Channel, MoldauError, type Offset, offset, type Scheduler } from '@moldau/kernel';
import { openStream, partitionService, type ReadShardResponse } from '@moldau/protocol';
import type { ShardAppend, ShardAppended, ShardLog } from '@moldau/shards';
import type { ShardAppends } from './shard-appends.ts';
import type { BrokerChannels } from './shard-kind.ts';

export interface PartitionShardLogDeps {
  readonly scheduler: Scheduler;
  readonly brokers: BrokerChannels;
  readonly appends: ShardAppends;
  image(): MetadataImage;
}

/** Read ahead of who takes the batches: two messages and what one has under way. */
const BUFFER_BYTES_MAX = 2 * 1024 * 1024;
/** A leader that says nothing for so long is given up: it is paused or cut off, and another leads soon. */
const SILENCE_MS_MAX = 3_000;

/** The log of a shard by gRPC: each call goes to the leader that the newest metadata names. */
export class PartitionShardLog implements ShardLog {
  readonly #deps: PartitionShardLogDeps;
  readonly #kind: ShardKindName;
  readonly #shard: number;

  constructor(deps: PartitionShardLogDeps, kind: ShardKindName, shard: number) {
    this.#deps = deps;
    this.#kind = kind;
    this.#shard = shard;
  }

  async append({ shardEpoch, expectedEndOffset, recordBatch, timeoutMs }: ShardAppend): Promise<ShardAppended> {
    const { channel, leaderEpoch } = this.#leader();
    const request = { ...this.#target(), shardEpoch, expectedEndOffset, leaderEpoch, recordBatch };
    const response = await this.#deps.appends.append(channel, request, timeoutMs);
    return { baseOffset: offset(response.baseOffset), endOffset: offset(response.endOffset) };
  }

  async *read(from: Offset, until: Offset): AsyncGenerator<Uint8Array, void, undefined> {
    const buffer: Uint8Array[] = [];
    let bytes = 0;
    let paused = false;
    let end: { readonly error: MoldauError | undefined } | undefined;
    let wake = (): void => {};
    const call = openStream(
      this.#leader().channel,
      partitionService.readShard,
      {},
      {
        message: ({ recordBatches }: ReadShardResponse) => {
          buffer.push(recordBatches);
          bytes += recordBatches.length;
          if (bytes >= BUFFER_BYTES_MAX && !paused) {
            paused = true;
            call.pause();
          }
          wake();
        },
        closed: (error) => {
          end = { error };
          wake();
        },
      },
    );
    call.send({ ...this.#target(), fromOffset: from, untilOffset: until });
    call.end();
    try {
      for (;;) {
        const next = buffer.shift();
        if (next !== undefined) {
          bytes -= next.length;
          if (paused && bytes < BUFFER_BYTES_MAX) {
            paused = false;
            call.resume();
          }
          yield next;
          continue;
        }
        if (end?.error !== undefined) throw end.error;
        if (end !== undefined) return;
        await this.#news((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      call.cancel();
    }
  }

  /** Resolves when what it has given out is called. @throws MoldauError REQUEST_TIMED_OUT */
  #news(given: (wake: () => void) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = this.#deps.scheduler.after(SILENCE_MS_MAX, () => reject(silent(this.#kind, this.#shard)));
      given(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #target() {
    return { kind: shardKindCode(this.#kind), shard: this.#shard };
  }

  /** @throws MoldauError LEADER_NOT_AVAILABLE */
  #leader(): { readonly channel: Channel; readonly leaderEpoch: number } {
    const partition = shardTopic(this.#deps.image(), this.#kind)?.partitions.get(this.#shard);
    if (partition?.leader !== undefined) {
      return { channel: this.#deps.brokers.channel(partition.leader), leaderEpoch: partition.leaderEpoch };
    }
    const facts = { kind: this.#kind, shard: String(this.#shard) };
    throw new MoldauError('LEADER_NOT_AVAILABLE', `shard ${this.#shard} of ${this.#kind}: its partition has no leader`, facts);
  }
}

function silent(kind: ShardKindName, shard: number): MoldauError {
  const facts = { kind, shard: String(shard), limit: String(SILENCE_MS_MAX) };
  return new MoldauError('REQUEST_TIMED_OUT', `shard ${shard} of ${kind}: its leader says nothing for ${SILENCE_MS_MAX} ms`, facts);
}
