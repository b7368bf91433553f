import type { ConsumedRecord } from './consumed-record.ts';
import type { ConsumerBatch } from './consumer-batch.ts';

/** Told of what is handed to the program, at the moment at which the position passes it: nothing can be committed in between. */
export interface HandOutHooks<K, V> {
  record?(record: ConsumedRecord<K, V>): void;
  batch?(batch: ConsumerBatch<K, V>): void;
}
