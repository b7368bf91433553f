import { type Channel, type Connector, MoldauError, type Scheduler } from '@moldau/kernel';
import { ShardConnection } from './shard-connection.ts';

interface Entry {
  readonly channel: Channel;
  readonly connection: ShardConnection;
}

/** The streams to coordinators, one for each address that owns a shard. */
export class ShardConnections {
  readonly #connector: Connector;
  readonly #scheduler: Scheduler;
  readonly #name: string;
  readonly #entries = new Map<string, Entry>();

  constructor(connector: Connector, scheduler: Scheduler, name: string) {
    this.#connector = connector;
    this.#scheduler = scheduler;
    this.#name = name;
  }

  to(address: string): ShardConnection {
    const known = this.#entries.get(address);
    if (known !== undefined) return known.connection;
    const channel = this.#connector.connect(address);
    const connection = new ShardConnection(channel, this.#scheduler, this.#name);
    this.#entries.set(address, { channel, connection });
    return connection;
  }

  /** Closes those to addresses that own nothing, once nothing is unanswered there. */
  keep(addresses: ReadonlySet<string>): void {
    for (const [address, { connection }] of this.#entries) {
      if (!addresses.has(address) && connection.isIdle) this.#close(address, 'nothing is owned there');
    }
  }

  unanswered(): number {
    let sum = 0;
    for (const { connection } of this.#entries.values()) sum += connection.unanswered;
    return sum;
  }

  members(): number {
    let sum = 0;
    for (const { connection } of this.#entries.values()) sum += connection.members;
    return sum;
  }

  close(): void {
    for (const address of [...this.#entries.keys()]) this.#close(address, 'this process is stopping');
  }

  #close(address: string, why: string): void {
    const entry = this.#entries.get(address);
    this.#entries.delete(address);
    entry?.connection.close(new MoldauError('SHUTTING_DOWN', `the stream to ${address} is closed: ${why}`, { address }));
    entry?.channel.close();
  }
}
