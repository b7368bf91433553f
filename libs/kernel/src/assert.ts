/** A broken invariant: a bug of ours, never the caller's input. Nothing catches it but the process's crash handler. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(message: string, facts: Readonly<Record<string, unknown>>) {
    super(`${message}${Object.keys(facts).length === 0 ? '' : ` ${JSON.stringify(facts)}`}`);
    this.facts = facts;
  }
}

/** Crashes on a broken invariant; always on. For input from outside throw a `MoldauError` instead. */
export function assert(condition: boolean, message: string, facts: Readonly<Record<string, unknown>> = {}): asserts condition {
  if (!condition) throw new AssertionError(message, facts);
}

/** The value, where its absence would be a bug. */
export function present<Value>(value: Value | undefined | null, message: string): Value {
  if (value === undefined || value === null) throw new AssertionError(message, {});
  return value;
}

/** For the default branch of a switch over a union: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new AssertionError('unreachable', { value });
}
