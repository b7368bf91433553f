import { assert, type Channel, type Clock, type Connector, present } from '@moldau/kernel';

/**
 * How long one that did not answer is passed over while there are others: the lease of a paused controller has run out by then,
 * and another was elected.
 */
const SILENCE_MS = 6_000;

/**
 * The coordinators as far as the broker knows them: the operator's seeds, and what the metadata stream and the
 * coordinators themselves name. Hands out one channel per address, for control only.
 */
export class CoordinatorDirectory {
  readonly #connector: Connector;
  readonly #seeds: readonly string[];
  readonly #clock: Clock;
  readonly #channels = new Map<string, Channel>();
  /** Those that did not answer, with the monotonic time until which they are passed over. */
  readonly #silentUntilMs = new Map<string, number>();
  #learned: readonly string[] = [];
  #turn = 0;
  #closed = false;

  /** `seeds` are `host:port` of the coordinators' internal listeners; at least one. */
  constructor(connector: Connector, clock: Clock, seeds: readonly string[]) {
    assert(seeds.length > 0, 'a broker is given a coordinator to begin with', {});
    this.#connector = connector;
    this.#clock = clock;
    this.#seeds = seeds;
  }

  /** Replaces what was learned before. Seeds stay: they may be names that resolve to whoever lives. */
  learn(addresses: readonly string[]): void {
    this.#learned = [...new Set(addresses)];
    for (const [address, channel] of this.#channels) {
      if (this.#learned.includes(address) || this.#seeds.includes(address)) continue;
      this.#channels.delete(address);
      this.#silentUntilMs.delete(address);
      channel.close();
    }
  }

  /** It took a call and did not answer in time, as one does that is paused or cut off: others are tried first for a while. */
  fellSilent(address: string): void {
    this.#silentUntilMs.set(address, this.#clock.monotonicMs() + SILENCE_MS);
  }

  answered(address: string): void {
    this.#silentUntilMs.delete(address);
  }

  /** Whether it fell silent a short while ago. */
  isSilent(address: string): boolean {
    return (this.#silentUntilMs.get(address) ?? Number.NEGATIVE_INFINITY) > this.#clock.monotonicMs();
  }

  /** The addresses in turn, the learned ones first, without those that are silent as long as there are others. */
  next(): string {
    const all = [...this.#learned, ...this.#seeds.filter((seed) => !this.#learned.includes(seed))];
    const heard = all.filter((address) => !this.isSilent(address));
    const addresses = heard.length > 0 ? heard : all;
    const address = present(addresses[this.#turn % addresses.length], 'there is at least one seed');
    this.#turn += 1;
    return address;
  }

  channel(address: string): Channel {
    assert(!this.#closed, 'a closed directory gives out no channels', { address });
    let channel = this.#channels.get(address);
    if (channel === undefined) {
      channel = this.#connector.connect(address);
      this.#channels.set(address, channel);
    }
    return channel;
  }

  close(): void {
    this.#closed = true;
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }
}
