import { Isolation } from '@moldau/protocol';
import { invalidField } from '../produce/produce-terms.ts';

/** What a reader sees: all below the high watermark, or only what is decided, below the last stable offset. */
export type ReadIsolation = 'read_uncommitted' | 'read_committed';

/** @throws MoldauError INVALID_REQUEST */
export function readIsolation(isolation: Isolation): ReadIsolation {
  switch (isolation) {
    case Isolation.UNSPECIFIED:
    case Isolation.READ_UNCOMMITTED:
      return 'read_uncommitted';
    case Isolation.READ_COMMITTED:
      return 'read_committed';
    default:
      throw invalidField('isolation', isolation, 'a value of the enum Isolation');
  }
}

/** As requests to other brokers say it. */
export function wireIsolation(isolation: ReadIsolation): Isolation {
  return isolation === 'read_committed' ? Isolation.READ_COMMITTED : Isolation.READ_UNCOMMITTED;
}
