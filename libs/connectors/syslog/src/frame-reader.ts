/** Where a message ends in a stream (RFC 6587). */
export type Framing = 'auto' | 'octet-counting' | 'newline';

export interface Frame {
  readonly bytes: Buffer;
  /** Its end was cut off: it was longer than is allowed. */
  readonly truncated: boolean;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const OPENING = 0x3c;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
/** Digits of a message's length: 999,999,999 bytes are more than anybody sends. */
const LENGTH_DIGITS_MAX = 9;
const NO_BYTES: Buffer = Buffer.alloc(0);

type State =
  /** At the beginning of a message. */
  | { readonly t: 'begin' }
  /** So many bytes of the message are to come; `skip`: of those, the last so many are dropped. */
  | { readonly t: 'counted'; readonly left: number; readonly skip: number }
  /** Up to the next newline. */
  | { readonly t: 'line' }
  /** The rest of a message that is too long is dropped: so many bytes, or up to the newline. */
  | { readonly t: 'drop'; readonly left: number }
  | { readonly t: 'drop-line' };

/**
 * Cuts a TCP stream into messages: `begin` → `counted` or `line` → `begin`, by way of `drop` or `drop-line` where a message is
 * longer than `bytesMax`. Keeps at most one message.
 */
export class FrameReader {
  readonly #framing: Framing;
  readonly #bytesMax: number;
  #state: State = { t: 'begin' };
  #pending: Buffer = NO_BYTES;

  constructor(framing: Framing, bytesMax: number) {
    this.#framing = framing;
    this.#bytesMax = bytesMax;
  }

  /** The messages that are whole now. */
  push(chunk: Buffer): readonly Frame[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const frames: Frame[] = [];
    while (this.#pending.length > 0 && this.#step(frames));
    return frames;
  }

  /** The stream has ended: what stands behind the last newline is a message too. */
  end(): readonly Frame[] {
    const isLine = this.#state.t === 'line' || (this.#state.t === 'begin' && this.#framing !== 'octet-counting');
    const rest = this.#pending;
    this.#pending = NO_BYTES;
    this.#state = { t: 'begin' };
    return isLine && rest.length > 0 ? [{ bytes: withoutReturn(rest), truncated: false }] : [];
  }

  /** One move; false if more bytes are needed. */
  #step(frames: Frame[]): boolean {
    const state = this.#state;
    switch (state.t) {
      case 'begin':
        return this.#begin();
      case 'counted':
        return this.#counted(state, frames);
      case 'line':
        return this.#line(frames);
      case 'drop':
        return this.#drop(state.left);
      case 'drop-line':
        return this.#dropLine();
    }
  }

  #begin(): boolean {
    if (this.#framing === 'newline') {
      this.#state = { t: 'line' };
      return true;
    }
    const length = this.#length();
    if (length === 'more') return false;
    if (length === undefined) this.#state = { t: 'line' };
    else {
      const kept = Math.min(length, this.#bytesMax);
      this.#state = { t: 'counted', left: kept, skip: length - kept };
    }
    return true;
  }

  /** The length that stands before a message, taken away; undefined if none does. */
  #length(): number | 'more' | undefined {
    let digits = 0;
    while (digits < this.#pending.length && isDigit(this.#pending[digits])) digits += 1;
    if (digits > LENGTH_DIGITS_MAX || (digits > 0 && this.#pending[0] === DIGIT_0)) return undefined;
    if (this.#pending.length < digits + 2) return digits === this.#pending.length || this.#pending[digits] === SPACE ? 'more' : undefined;
    const isCounted =
      digits > 0 && this.#pending[digits] === SPACE && (this.#framing === 'octet-counting' || this.#pending[digits + 1] === OPENING);
    if (!isCounted) return undefined;
    const length = Number(this.#pending.toString('latin1', 0, digits));
    this.#pending = this.#pending.subarray(digits + 1);
    return length;
  }

  #counted({ left, skip }: { readonly left: number; readonly skip: number }, frames: Frame[]): boolean {
    if (this.#pending.length < left) return false;
    frames.push({ bytes: withoutReturn(this.#pending.subarray(0, left)), truncated: skip > 0 });
    this.#pending = this.#pending.subarray(left);
    this.#state = skip > 0 ? { t: 'drop', left: skip } : { t: 'begin' };
    return true;
  }

  #line(frames: Frame[]): boolean {
    const end = this.#pending.indexOf(NEWLINE);
    if (end < 0 && this.#pending.length <= this.#bytesMax) return false;
    if (end >= 0 && end <= this.#bytesMax) {
      if (end > 0) frames.push({ bytes: withoutReturn(this.#pending.subarray(0, end)), truncated: false });
      this.#pending = this.#pending.subarray(end + 1);
      this.#state = { t: 'begin' };
      return true;
    }
    frames.push({ bytes: this.#pending.subarray(0, this.#bytesMax), truncated: true });
    this.#pending = this.#pending.subarray(this.#bytesMax);
    this.#state = { t: 'drop-line' };
    return true;
  }

  #drop(left: number): boolean {
    const dropped = Math.min(left, this.#pending.length);
    this.#pending = this.#pending.subarray(dropped);
    this.#state = dropped === left ? { t: 'begin' } : { t: 'drop', left: left - dropped };
    return true;
  }

  #dropLine(): boolean {
    const end = this.#pending.indexOf(NEWLINE);
    this.#pending = end < 0 ? NO_BYTES : this.#pending.subarray(end + 1);
    if (end >= 0) this.#state = { t: 'begin' };
    return true;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= DIGIT_0 && byte <= DIGIT_9;
}

/** Carriage returns, newlines and zeros that some senders put behind a message. */
export function withoutReturn(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0d || bytes[end - 1] === NEWLINE || bytes[end - 1] === 0)) end -= 1;
  return bytes.subarray(0, end);
}
