import type { Ids, Random } from '@moldau/kernel';

/** Version 4 UUIDs from a seeded generator. */
export class SeededIds implements Ids {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  uuid(): string {
    const digits = Array.from({ length: 32 }, () => this.#random.below(16));
    digits[12] = 4;
    digits[16] = 8 + ((digits[16] ?? 0) & 3);
    const hex = digits.map((digit) => digit.toString(16)).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }
}
