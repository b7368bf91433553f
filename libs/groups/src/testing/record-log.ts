import { assert, type EncodedRecord } from '@moldau/kernel';
import { GroupShard, type GroupShardOptions } from '../group-shard.ts';
import type { GroupStateRecord } from '../record/group-state-record.ts';
import { decodeRecord, encodeRecord } from '../record/record-codec.ts';

/** The log of a shard in memory, for specs: what is appended is encoded. */
export class RecordLog {
  readonly #records: EncodedRecord[] = [];
  readonly #options: GroupShardOptions;

  constructor(options: GroupShardOptions) {
    this.#options = options;
  }

  append(records: readonly GroupStateRecord[]): readonly GroupStateRecord[] {
    return records.map((record) => {
      const encoded = encodeRecord(record);
      this.#records.push(encoded);
      return decodeRecord(encoded);
    });
  }

  /** A shard from the whole log. */
  load(): GroupShard {
    return this.#shardOf(this.#records);
  }

  /** A shard from what compaction leaves: of each key the newest record, of removed things nothing. */
  loadCompacted(): GroupShard {
    const newest = new Map<string, EncodedRecord>();
    for (const record of this.#records) {
      const key = Buffer.from(record.key).toString('hex');
      newest.delete(key);
      if (record.value !== undefined) newest.set(key, record);
    }
    return this.#shardOf([...newest.values()]);
  }

  #shardOf(records: readonly EncodedRecord[]): GroupShard {
    const shard = new GroupShard(this.#options);
    for (const record of records) shard.replay(decodeRecord(record));
    return shard;
  }
}

/** The state of a shard as text, the same for the same state. */
export function stateText(shard: GroupShard): string {
  const lines = [...shard.snapshot()].map((record) => {
    const { key, value } = encodeRecord(record);
    assert(value !== undefined, 'a snapshot has no removals', { type: record.type });
    return `${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`;
  });
  return lines.sort().join('\n');
}
