import { keyOf, type ValueIdentity } from './unique-value.ts';

/**
 * What the producer was told. `ok`: acknowledged, at an offset. `fail`: surely not written. `info`: unknown, it may
 * appear or not (Jepsen's words).
 */
export type SendOutcome = { readonly kind: 'ok'; readonly offset: number } | { readonly kind: 'fail' } | { readonly kind: 'info' };

/** One value that was sent. */
export interface Send {
  readonly identity: ValueIdentity;
  readonly size: number;
  readonly partition: number;
  readonly outcome: SendOutcome;
}

/** One record that was read. */
export interface Read {
  readonly partition: number;
  readonly offset: number;
  readonly value: Uint8Array | null;
}

/** Takes what a producer does. */
export interface SendRecorder {
  /** Notes the value before it is sent: until it is settled its outcome is `info`. */
  begin(identity: ValueIdentity, partition: number, size: number): void;
  /** `error` says why, for those who read a kept history. @throws Error when the value is not under way */
  settle(identity: ValueIdentity, outcome: SendOutcome, error?: string): void;
}

/** Everything that was sent to a topic, with what became of it, in memory. */
export interface History extends SendRecorder {
  sends(): readonly Send[];
  count(kind: SendOutcome['kind']): number;
}

export function createHistory(): History {
  const sends = new Map<string, Send>();
  return {
    begin(identity, partition, size): void {
      sends.set(keyOf(identity), { identity, partition, size, outcome: { kind: 'info' } });
    },
    settle(identity, outcome): void {
      const key = keyOf(identity);
      const send = sends.get(key);
      if (send === undefined) throw new Error(`${key} was settled and never sent`);
      sends.set(key, { ...send, outcome });
    },
    sends: () => [...sends.values()],
    count: (kind) => [...sends.values()].filter((send) => send.outcome.kind === kind).length,
  };
}
