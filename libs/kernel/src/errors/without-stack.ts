import type { MoldauError } from './moldau-error.ts';

/**
 * An error that is expected by the thousand, as when leaders of many partitions move: made without the walk of the stack, which
 * costs more than all the rest of it. Not for what somebody may have to look into.
 */
export function withoutStack(make: () => MoldauError): MoldauError {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
