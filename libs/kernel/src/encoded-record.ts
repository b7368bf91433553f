/** A record as it stands in a compacted internal topic; without a value it removes its key. */
export interface EncodedRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}
