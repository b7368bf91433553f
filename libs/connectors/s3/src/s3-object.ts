import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { PartSender } from './part-sender.ts';
import type { S3Store, StoredPart } from './s3-store.ts';

/** Lines are made bytes, and compressed, this many at a time: a gzip member each, which readers take for one file. */
const BLOCK_BYTES = 1_048_576;

const compress = promisify(gzip);

export interface ObjectPorts {
  readonly store: S3Store;
  readonly sender: PartSender;
  readonly signal: AbortSignal;
  readonly partSize: number;
  readonly gzip: boolean;
}

/** A part that is made; `body` is held until the store has it. */
interface Part {
  readonly number: number;
  body: Uint8Array | undefined;
  stored: StoredPart | undefined;
}

/** An object that is being written. What it holds in memory is at most a block, a part, and the parts on their way. */
export class S3Object {
  readonly key: string;
  readonly #ports: ObjectPorts;
  readonly #parts: Part[] = [];
  #lines: string[] = [];
  #lineBytes = 0;
  #blocks: Uint8Array[] = [];
  #blockBytes = 0;
  #upload: Promise<string> | undefined;

  constructor(key: string, ports: ObjectPorts) {
    this.key = key;
    this.#ports = ports;
  }

  /** Takes a line; whether `settle` has something to do now. */
  append(line: string, bytes: number): boolean {
    this.#lines.push(line);
    this.#lineBytes += bytes;
    return this.#lineBytes >= BLOCK_BYTES;
  }

  /** Compresses a block and gives full parts to the sender. @throws RetriableError if parts before could not be sent: call it again */
  async settle(): Promise<void> {
    await this.#closeBlock();
    if (this.#blockBytes >= this.#ports.partSize) this.#closePart();
    await this.#ports.sender.room();
  }

  /** Makes it an object; may be called again after an error. */
  async finish(): Promise<void> {
    await this.#closeBlock();
    const { store, sender, signal } = this.#ports;
    if (this.#parts.length === 0) return store.put(this.key, Buffer.concat(this.#blocks), signal);
    if (this.#blockBytes > 0) this.#closePart();
    await sender.drained(this);
    const parts = this.#parts.flatMap(({ stored }) => (stored === undefined ? [] : [stored]));
    await store.complete(this.key, await this.#begun(), { parts, signal });
  }

  /** Gives it up; nothing of it is visible then. */
  async abandon(): Promise<void> {
    const id = await this.#upload?.catch(() => undefined);
    if (id !== undefined) await this.#ports.store.abandon(this.key, id);
  }

  get waitingBytes(): number {
    return this.#lineBytes + this.#blockBytes;
  }

  async #closeBlock(): Promise<void> {
    if (this.#lineBytes === 0) return;
    const text = Buffer.from(this.#lines.join(''));
    const block = this.#ports.gzip ? await compress(text) : text;
    this.#lines = [];
    this.#lineBytes = 0;
    this.#blocks.push(block);
    this.#blockBytes += block.length;
  }

  #closePart(): void {
    const part: Part = { number: this.#parts.length + 1, body: Buffer.concat(this.#blocks), stored: undefined };
    this.#blocks = [];
    this.#blockBytes = 0;
    this.#parts.push(part);
    this.#ports.sender.add(this, () => this.#send(part));
  }

  async #send(part: Part): Promise<void> {
    if (part.body === undefined) return;
    const { store, signal } = this.#ports;
    part.stored = await store.part({ key: this.key, id: await this.#begun(), number: part.number }, part.body, signal);
    part.body = undefined;
  }

  /** The upload, begun once; again after a failure. */
  #begun(): Promise<string> {
    this.#upload ??= this.#ports.store.begin(this.key, this.#ports.signal).catch((error: unknown) => {
      this.#upload = undefined;
      throw error;
    });
    return this.#upload;
  }
}
