import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { MoldauError } from '@moldau/kernel';

/** Longest secret, in bytes: a file that is longer is not one. */
const SECRET_BYTES_MAX = 65_536;

/** A reference to a secret. It prints as the reference; only `reveal` reads the value. */
export class Secret {
  readonly reference: string;

  /** @param reference `file:PATH` or `env:NAME` */
  constructor(reference: string) {
    this.reference = reference;
  }

  static isReference(value: string): boolean {
    return /^(?:file|env):./.test(value);
  }

  /**
   * Reads the value anew, so that a rotated secret is seen. One line break at the end of a file is not part of it.
   *
   * @throws MoldauError INVALID_CONFIG naming the reference when there is nothing there
   */
  reveal(environment: Readonly<Record<string, string | undefined>> = process.env): string {
    const place = this.reference.slice(this.reference.indexOf(':') + 1);
    const value = this.reference.startsWith('file:') ? this.readFile(place) : environment[place];
    if (value === undefined || value === '' || value.length > SECRET_BYTES_MAX) {
      throw this.unusable(`it must have 1 … ${SECRET_BYTES_MAX} bytes`);
    }
    return value;
  }

  toString(): string {
    return `[secret ${this.reference}]`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }

  private readFile(path: string): string {
    try {
      return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    } catch (cause) {
      throw this.unusable("the file can't be read", cause);
    }
  }

  private unusable(limit: string, cause?: unknown): MoldauError {
    return new MoldauError('INVALID_CONFIG', `secret ${this.reference}: ${limit}`, { secret: this.reference, limit }, { cause });
  }
}
