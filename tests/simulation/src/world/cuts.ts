import type { SimNetwork } from '@moldau/testkit';

/** Which ways between nodes are cut. Faults overlap: a way is open again when the last one that cut it has ended. */
export class Cuts {
  readonly #network: SimNetwork;
  readonly #counts = new Map<string, number>();

  constructor(network: SimNetwork) {
    this.#network = network;
  }

  cut(from: string, to: string): void {
    const key = `${from}>${to}`;
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    if (count === 0) this.#network.partitionOneWay(from, to);
  }

  mend(from: string, to: string): void {
    const key = `${from}>${to}`;
    const count = this.#counts.get(key) ?? 0;
    if (count === 0) return;
    if (count > 1) {
      this.#counts.set(key, count - 1);
      return;
    }
    this.#counts.delete(key);
    this.#network.healOneWay(from, to);
  }
}
