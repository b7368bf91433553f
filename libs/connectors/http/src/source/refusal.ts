/** A request that is not taken: what is answered. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** The sender may try again after a second: by then the queue has moved on, or the next second has begun. */
export const RETRY_SOON: Readonly<Record<string, string>> = { 'retry-after': '1' };
