import type { Channel, Connector } from '@moldau/kernel';

/** One channel per address, opened when first needed, shared by all that the client does. */
export class Connections {
  readonly #connector: Connector;
  readonly #channels = new Map<string, Channel>();

  constructor(connector: Connector) {
    this.#connector = connector;
  }

  channel(address: string): Channel {
    const open = this.#channels.get(address);
    if (open !== undefined) return open;
    const channel = this.#connector.connect(address);
    this.#channels.set(address, channel);
    return channel;
  }

  /** Closes the channels to all other addresses: their brokers are gone or have moved. */
  retain(addresses: ReadonlySet<string>): void {
    for (const [address, channel] of this.#channels) {
      if (addresses.has(address)) continue;
      this.#channels.delete(address);
      channel.close();
    }
  }

  close(): void {
    this.retain(new Set());
  }
}
