import { type CallHandlers, leaderEpoch, MoldauError, offset } from '@moldau/kernel';
import {
  type AppendToShardRequest,
  type AppendToShardResponse,
  type AppendToShardsRequest,
  type AppendToShardsResponse,
  errorToItem,
  partitionService,
  type ReadShardResponse,
  type ServerCall,
  type ShardAppendCall,
  serverStreamHandler,
  streamHandler,
} from '@moldau/protocol';
import { buildControlBatch, countAt, stampPosition } from '@moldau/records';

const MARK_TYPE = 1_000;

interface Log {
  readonly batches: { readonly base: number; readonly bytes: Uint8Array }[];
  end: number;
  epoch: number;
}

/** The partitions of internal topics, kept once for all brokers: as if they were replicated at once. */
export class FakePartitions {
  /** Appends are held while set. */
  held: Promise<void> | undefined;
  appends = 0;
  readonly #logs = new Map<string, Log>();

  handlers(): CallHandlers {
    return new Map([
      [
        partitionService.appendToShards.path,
        streamHandler(partitionService.appendToShards, (call: ServerCall<AppendToShardsResponse>) => ({
          message: ({ appends }: AppendToShardsRequest) => {
            for (const append of appends) void this.#answer(append, call);
          },
          ended: () => call.close(),
          closed: () => {},
        })),
      ],
      [
        partitionService.readShard.path,
        serverStreamHandler(partitionService.readShard, (request, call: ServerCall<ReadShardResponse>) => {
          const { batches } = this.#log(request.kind, request.shard);
          for (const { base, bytes } of batches) {
            if (base + countAt(bytes, 0) <= request.fromOffset || base >= request.untilOffset) continue;
            call.send({ recordBatches: bytes });
          }
          call.close();
          return { closed: () => {} };
        }),
      ],
    ]);
  }

  append({ kind, shard, shardEpoch, expectedEndOffset, recordBatch }: AppendToShardRequest): AppendToShardResponse {
    const log = this.#log(kind, shard);
    if (shardEpoch < log.epoch) throw new MoldauError('FENCED_SHARD', `epoch ${shardEpoch} is below ${log.epoch}`, {});
    const isClaim = expectedEndOffset === undefined;
    if (isClaim ? shardEpoch === log.epoch : expectedEndOffset !== log.end) {
      throw new MoldauError('APPEND_CONFLICT', 'the log ends elsewhere', { end_offset: String(log.end) });
    }
    const isMark = recordBatch.length === 0;
    const bytes = isMark ? buildControlBatch(MARK_TYPE, new Uint8Array(4), { timestamp: 0 }) : Uint8Array.from(recordBatch);
    const base = log.end;
    stampPosition(bytes, 0, offset(base), leaderEpoch(0));
    log.batches.push({ base, bytes });
    log.end += countAt(bytes, 0);
    log.epoch = shardEpoch;
    this.appends += 1;
    return { baseOffset: base, endOffset: log.end };
  }

  async #answer({ appendId, append }: ShardAppendCall, call: ServerCall<AppendToShardsResponse>): Promise<void> {
    await this.held;
    if (append === undefined) return;
    try {
      call.send({ answers: [{ appendId, appended: this.append(append) }] });
    } catch (caught) {
      call.send({ answers: [{ appendId, error: errorToItem(MoldauError.from(caught)) }] });
    }
  }

  endOf(kind: number, shard: number): number {
    return this.#log(kind, shard).end;
  }

  #log(kind: number, shard: number): Log {
    const key = `${kind}/${shard}`;
    const log = this.#logs.get(key) ?? { batches: [], end: 0, epoch: 0 };
    this.#logs.set(key, log);
    return log;
  }
}
