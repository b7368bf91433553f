import { murmur2 } from '@moldau/records';

/** The map is 256 small tables, by the upper 8 bits of the hash, so that none takes long to grow. */
const TABLE_SHIFT = 24;
const FIRST_SLOTS = 16;
/** Hash, place of the key, offset. */
const SLOT_BYTES = 4 + 8 + 8;
const LOAD_MAX = 0.75;
/** Keys of one hash are found one by one; someone may send many on purpose. The next then has no room. */
const PROBES_MAX = 256;
const CHUNK_BYTES = 64 * 1024;
const LENGTH_BYTES = 4;

interface Table {
  hashes: Uint32Array;
  /** Chunk and place of the key, plus 1; 0: the slot is free. */
  places: Float64Array;
  offsets: Float64Array;
  count: number;
}

/**
 * Keys, compared whole, and the highest offset of each, in a bounded number of bytes. No object is made per key: bytes of keys
 * lie in chunks, slots in typed arrays.
 */
export class KeyMap {
  readonly #maxBytes: number;
  readonly #tables: (Table | undefined)[] = [];
  readonly #chunks: Uint8Array[] = [];
  #chunkUsed = 0;
  #bytes = 0;
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Keys in it. */
  get size(): number {
    return this.#size;
  }

  /** Memory that it takes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The key's offset; −1 when it is not in the map. */
  get(key: Uint8Array): number {
    const hash = hashOf(key);
    const table = this.#tables[hash >>> TABLE_SHIFT];
    if (table === undefined) return -1;
    const slot = this.#find(table, key, hash);
    return slot >= 0 ? (table.offsets[slot] ?? -1) : -1;
  }

  /** Notes that the key has a record at `offset`, above those before. False: there is no room, nothing was noted. */
  put(key: Uint8Array, offset: number): boolean {
    const hash = hashOf(key);
    const index = hash >>> TABLE_SHIFT;
    let table = this.#tables[index];
    if (table !== undefined) {
      const slot = this.#find(table, key, hash);
      if (slot >= 0) {
        table.offsets[slot] = offset;
        return true;
      }
      if (slot === CROWDED) return false;
    }
    if (!this.#hasRoom(table, key.length)) return false;
    if (table === undefined || table.count + 1 > LOAD_MAX * table.hashes.length) {
      table = this.#grow(table);
      this.#tables[index] = table;
    }
    const slot = freeSlot(table, hash);
    table.hashes[slot] = hash;
    table.offsets[slot] = offset;
    table.places[slot] = this.#store(key) + 1;
    table.count += 1;
    this.#size += 1;
    return true;
  }

  /** The key's slot; negative when it has none. */
  #find(table: Table, key: Uint8Array, hash: number): number {
    const mask = table.hashes.length - 1;
    for (let probe = 0, slot = hash & mask; probe < PROBES_MAX; probe++, slot = (slot + 1) & mask) {
      const place = table.places[slot] ?? 0;
      if (place === 0) return ABSENT;
      if (table.hashes[slot] === hash && this.#equals(place - 1, key)) return slot;
    }
    return CROWDED;
  }

  #equals(place: number, key: Uint8Array): boolean {
    const chunk = this.#chunks[Math.floor(place / CHUNK_BYTES)];
    if (chunk === undefined) return false;
    const at = place % CHUNK_BYTES;
    if (readLength(chunk, at) !== key.length) return false;
    for (let index = 0, from = at + LENGTH_BYTES; index < key.length; index++) if (chunk[from + index] !== key[index]) return false;
    return true;
  }

  #hasRoom(table: Table | undefined, keyBytes: number): boolean {
    const slots = table?.hashes.length ?? 0;
    const grown = table === undefined || table.count + 1 > LOAD_MAX * slots ? Math.max(FIRST_SLOTS, slots) * SLOT_BYTES : 0;
    const needed = LENGTH_BYTES + keyBytes;
    const chunk = this.#chunks.length === 0 || this.#chunkUsed + needed > CHUNK_BYTES ? Math.max(CHUNK_BYTES, needed) : 0;
    return this.#bytes + grown + chunk <= this.#maxBytes;
  }

  /** Twice the slots, with the entries there were. */
  #grow(old: Table | undefined): Table {
    const slots = old === undefined ? FIRST_SLOTS : 2 * old.hashes.length;
    const table = { hashes: new Uint32Array(slots), places: new Float64Array(slots), offsets: new Float64Array(slots), count: 0 };
    this.#bytes += (slots - (old?.hashes.length ?? 0)) * SLOT_BYTES;
    for (let from = 0; old !== undefined && from < old.hashes.length; from++) {
      const place = old.places[from] ?? 0;
      if (place === 0) continue;
      const slot = freeSlot(table, old.hashes[from] ?? 0);
      table.hashes[slot] = old.hashes[from] ?? 0;
      table.places[slot] = place;
      table.offsets[slot] = old.offsets[from] ?? 0;
      table.count += 1;
    }
    return table;
  }

  #store(key: Uint8Array): number {
    const needed = LENGTH_BYTES + key.length;
    if (this.#chunks.length === 0 || this.#chunkUsed + needed > CHUNK_BYTES) {
      const chunk = new Uint8Array(Math.max(CHUNK_BYTES, needed));
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      this.#chunkUsed = 0;
    }
    const chunk = this.#chunks.at(-1);
    const at = this.#chunkUsed;
    if (chunk !== undefined) {
      writeLength(chunk, at, key.length);
      chunk.set(key, at + LENGTH_BYTES);
    }
    this.#chunkUsed += needed;
    return (this.#chunks.length - 1) * CHUNK_BYTES + at;
  }
}

const ABSENT = -1;
const CROWDED = -2;

function freeSlot(table: Table, hash: number): number {
  const mask = table.hashes.length - 1;
  let slot = hash & mask;
  while (table.places[slot] !== 0) slot = (slot + 1) & mask;
  return slot;
}

/** All keys of a partition agree in what murmur2 leaves behind its modulus, so its bits are mixed once more (fmix32 of MurmurHash3). */
function hashOf(key: Uint8Array): number {
  let hash = murmur2(key);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function readLength(chunk: Uint8Array, at: number): number {
  return (chunk[at] ?? 0) + (chunk[at + 1] ?? 0) * 0x100 + (chunk[at + 2] ?? 0) * 0x1_0000 + (chunk[at + 3] ?? 0) * 0x100_0000;
}

function writeLength(chunk: Uint8Array, at: number, length: number): void {
  chunk[at] = length & 0xff;
  chunk[at + 1] = (length >>> 8) & 0xff;
  chunk[at + 2] = (length >>> 16) & 0xff;
  chunk[at + 3] = length >>> 24;
}
