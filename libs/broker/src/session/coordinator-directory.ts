import { assert, type Channel, type Connector, present } from '@moldau/kernel';

/**
 * The coordinators as far as the broker knows them: the operator's seeds, and what the metadata stream and the
 * coordinators themselves name. Hands out one channel per address, for control only.
 */
export class CoordinatorDirectory {
  readonly #connector: Connector;
  readonly #seeds: readonly string[];
  readonly #channels = new Map<string, Channel>();
  #learned: readonly string[] = [];
  #turn = 0;
  #closed = false;

  /** `seeds` are `host:port` of the coordinators' internal listeners; at least one. */
  constructor(connector: Connector, seeds: readonly string[]) {
    assert(seeds.length > 0, 'a broker is given a coordinator to begin with', {});
    this.#connector = connector;
    this.#seeds = seeds;
  }

  /** Replaces what was learned before. Seeds stay: they may be names that resolve to whoever lives. */
  learn(addresses: readonly string[]): void {
    this.#learned = [...new Set(addresses)];
    for (const [address, channel] of this.#channels) {
      if (this.#learned.includes(address) || this.#seeds.includes(address)) continue;
      this.#channels.delete(address);
      channel.close();
    }
  }

  /** The addresses in turn, the learned ones first. */
  next(): string {
    const addresses = [...this.#learned, ...this.#seeds.filter((seed) => !this.#learned.includes(seed))];
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
