import type { MetadataImage } from '@moldau/cluster';
import { type BrokerId, type Channel, type Connector, MoldauError } from '@moldau/kernel';
import type { BrokerChannels } from './shard-kind.ts';

/** Listener on which brokers take calls of coordinators. */
const INTERNAL_LISTENER = 'internal';

/** One connection to each registered broker that was asked for; it connects, and connects again, by itself. */
export class ImageBrokerChannels implements BrokerChannels {
  readonly #connector: Connector;
  readonly #image: () => MetadataImage;
  readonly #channels = new Map<BrokerId, { readonly address: string; readonly channel: Channel }>();

  constructor(connector: Connector, image: () => MetadataImage) {
    this.#connector = connector;
    this.#image = image;
  }

  channel(broker: BrokerId): Channel {
    const address = this.#addressOf(broker);
    if (address === undefined) {
      throw new MoldauError('LEADER_NOT_AVAILABLE', `broker ${broker} has no internal address`, { broker_id: String(broker) });
    }
    const known = this.#channels.get(broker);
    if (known?.address === address) return known.channel;
    known?.channel.close();
    const channel = this.#connector.connect(address);
    this.#channels.set(broker, { address, channel });
    return channel;
  }

  /** Closes those to brokers that are registered no more, or elsewhere. */
  look(): void {
    for (const [broker, { address, channel }] of this.#channels) {
      if (this.#addressOf(broker) === address) continue;
      this.#channels.delete(broker);
      channel.close();
    }
  }

  close(): void {
    for (const { channel } of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  #addressOf(broker: BrokerId): string | undefined {
    const endpoint = this.#image().brokers.get(broker)?.endpoints.get(INTERNAL_LISTENER);
    return endpoint === undefined ? undefined : `${endpoint.host}:${endpoint.port}`;
  }
}
