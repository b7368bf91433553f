import type { AssignOp, DataOp, Op, PolledRecord } from './op.ts';

/** One value that was sent, with what became of it. */
export interface SendRow {
  readonly value: number;
  readonly key: string;
  readonly process: string;
  /** Number of the op it was sent in. */
  readonly op: number;
  readonly transactional: boolean;
  /** Place in the history of its invocation and, infinite until it comes, of its completion. */
  readonly invokedAt: number;
  settledAt: number;
  outcome: 'ok' | 'fail' | 'info';
  /** As acknowledged. */
  offset: number | undefined;
}

/** Records of one key that one op polled. */
export interface PollRow {
  readonly kind: 'poll';
  readonly process: string;
  readonly op: number;
  readonly transactional: boolean;
  readonly key: string;
  readonly records: readonly PolledRecord[];
}

/** A consumer's new assignment. */
export interface AssignRow {
  readonly kind: 'assign';
  readonly process: string;
  readonly keys: readonly string[];
  readonly from: AssignOp['from'];
  readonly final: boolean;
}

/** A history as the checks want it, in the order of its ops. Takes ops one by one, so that a file need not fit into memory. */
export class OpTables {
  readonly #sends = new Map<number, SendRow>();
  readonly #reads: (PollRow | AssignRow)[] = [];
  #ops = 0;

  /** In the order of their invocations. */
  get sends(): Iterable<SendRow> {
    return this.#sends.values();
  }

  /** Successful polls, and assignments. */
  get reads(): readonly (PollRow | AssignRow)[] {
    return this.#reads;
  }

  get ops(): number {
    return this.#ops;
  }

  send(value: number): SendRow | undefined {
    return this.#sends.get(value);
  }

  /** @throws Error when a value is sent or completed twice */
  add(op: Op): void {
    this.#ops += 1;
    if (op.f === 'nemesis') return;
    if (op.f === 'assign') {
      const { process, keys, from } = op;
      this.#reads.push({ kind: 'assign', process, keys, from, final: op.final === true });
    } else this.#addData(op);
  }

  #addData(op: DataOp): void {
    for (const micro of op.value) {
      if (micro[0] === 'send') this.#addSend(op, micro[1], micro[2], micro[3]);
      else if (op.type === 'ok') {
        const [, key, records] = micro;
        this.#reads.push({ kind: 'poll', process: op.process, op: this.#ops, transactional: op.f === 'txn', key, records });
      }
    }
  }

  #addSend(op: DataOp, key: string, value: number, offset: number | null): void {
    const known = this.#sends.get(value);
    if (op.type === 'invoke') {
      if (known !== undefined) throw new Error(`value ${value} was sent twice: values are unique`);
      this.#sends.set(value, this.#begun(op, key, value));
      return;
    }
    if (known !== undefined && known.settledAt !== Infinity) throw new Error(`the send of value ${value} was completed twice`);
    const row = known ?? this.#begun(op, key, value);
    row.settledAt = this.#ops;
    row.outcome = op.type;
    row.offset = offset ?? undefined;
    this.#sends.set(value, row);
  }

  #begun(op: DataOp, key: string, value: number): SendRow {
    const { process } = op;
    const at = this.#ops;
    return {
      ...{ value, key, process, op: at, transactional: op.f === 'txn', invokedAt: at },
      ...{ settledAt: Infinity, outcome: 'info', offset: undefined },
    };
  }
}
