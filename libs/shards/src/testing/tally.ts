import { assert, type EncodedRecord, type Instants } from '@moldau/kernel';
import type { ShardMachine, ShardOutcome } from '../shard-machine.ts';

/** A machine that counts names; each record is a name that was added, and is never added twice by who adds it. */
export class Tally implements ShardMachine {
  readonly names = new Set<string>();
  /** In the order of the log. */
  readonly order: string[] = [];
  phase: 'loading' | 'begun' | 'closed' = 'loading';

  replay({ key }: EncodedRecord): void {
    assert(this.phase === 'loading', 'nothing is replayed once operations come', { phase: this.phase });
    this.#take(Buffer.from(key).toString());
  }

  begin(_now: Instants): void {
    assert(this.phase === 'loading', 'a machine begins once', { phase: this.phase });
    this.phase = 'begun';
  }

  close(): void {
    assert(this.phase !== 'closed', 'a machine is closed once', {});
    this.phase = 'closed';
  }

  /** Adds a name; the response is what is there with it. `bytes`: of the record's value. */
  add(name: string, bytes = 1): ShardOutcome<readonly string[]> {
    this.#take(name);
    const records = [{ key: Buffer.from(name), value: new Uint8Array(bytes) }];
    return { records, response: [...this.order] };
  }

  /** What is there. */
  read(): ShardOutcome<readonly string[]> {
    return { records: [], response: [...this.order] };
  }

  #take(name: string): void {
    this.names.add(name);
    this.order.push(name);
  }
}
