/** Something that goes wrong, and for how long. Nodes are named as in the network; times in ms. */
export type Fault =
  /** SIGKILL of a broker; started again later. */
  | { readonly kind: 'kill-broker'; readonly broker: number; readonly forMs: number }
  /** Machines lose their power at one moment: unsynced bytes are gone or torn. */
  | { readonly kind: 'power-loss'; readonly brokers: readonly number[]; readonly forMs: number }
  /** An operator stops a broker and starts it again. */
  | { readonly kind: 'shutdown-broker'; readonly broker: number; readonly forMs: number }
  /** A broker comes back with an empty disk. */
  | { readonly kind: 'lose-disk'; readonly broker: number; readonly forMs: number }
  | { readonly kind: 'kill-coordinator'; readonly coordinator: number; readonly forMs: number }
  /** SIGKILL of a program of a group or of transactions; another life of it begins later. */
  | { readonly kind: 'kill-client'; readonly client: string; readonly forMs: number }
  /** SIGSTOP, then SIGCONT. */
  | { readonly kind: 'pause'; readonly node: string; readonly forMs: number }
  | { readonly kind: 'clock-jump'; readonly node: string; readonly byMs: number }
  /** All that a node sends or gets takes longer. */
  | { readonly kind: 'delay'; readonly node: string; readonly extraMs: number; readonly forMs: number }
  /** Nothing that `from` send reaches `to`; with `both`, nothing that `to` send reaches `from` either. */
  | {
      readonly kind: 'partition';
      readonly from: readonly string[];
      readonly to: readonly string[];
      readonly both: boolean;
      readonly forMs: number;
    }
  /** The connections between two nodes break. */
  | { readonly kind: 'reset'; readonly one: string; readonly other: string }
  | { readonly kind: 'slow-disk'; readonly broker: number; readonly extraMs: number; readonly forMs: number }
  /** The how-manieth flush from now fails with EIO; the machine is rebooted later. */
  | { readonly kind: 'sync-fails'; readonly broker: number; readonly nth: number; readonly forMs: number }
  /** The power goes, and one bit of the largest log is another when it comes back; `at` is a share of the log's first half. */
  | { readonly kind: 'bit-rot'; readonly broker: number; readonly at: number; readonly forMs: number }
  | { readonly kind: 'disk-full'; readonly broker: number; readonly leftBytes: number; readonly forMs: number }
  /** Coordinators can't reach the metadata store. */
  | { readonly kind: 'store-outage'; readonly coordinators: readonly number[]; readonly forMs: number }
  /** Some calls to the store never arrive, some answers neither; watches hear late. */
  | {
      readonly kind: 'store-loss';
      readonly coordinator: number;
      readonly share: number;
      readonly watchDelayMs: number;
      readonly forMs: number;
    }
  /** Coordinators take so much longer until they look at the ISR that a leader proposes. */
  | { readonly kind: 'slow-proposals'; readonly extraMs: number; readonly forMs: number }
  /** The store forgets its history. */
  | { readonly kind: 'compact-store' }
  /** An operator gives a partition other replicas. */
  | { readonly kind: 'reassign'; readonly partition: number; readonly replicas: readonly number[] }
  /** An operator takes back what moves a partition. */
  | { readonly kind: 'cancel-reassignment'; readonly partition: number }
  /** An operator has a broker emptied, and later lets it take replicas again. */
  | { readonly kind: 'drain-broker'; readonly broker: number; readonly forMs: number }
  /** An operator has every partition led by the first of its replicas. */
  | { readonly kind: 'elect-preferred' };

export type FaultKind = Fault['kind'];

/** A fault and when it begins, in ms after the load does. */
export interface PlannedFault {
  readonly atMs: number;
  readonly fault: Fault;
}

/** The fault in one line. */
export function describeFault({ kind, ...rest }: Fault): string {
  return `${kind} ${JSON.stringify(rest)}`;
}
