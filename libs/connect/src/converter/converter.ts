import type { ConfigDeclaration } from '../config/config-declaration.ts';
import type { Datum } from '../data/datum.ts';

/** Between the bytes of a record and its datum. Keeps no state but caches; one for keys and one for values of a task. */
export interface Converter {
  /** @throws DataError if the bytes are not what the converter reads */
  decode(bytes: Uint8Array | null): Datum;
  /** The bytes, or a text to be sent as UTF-8. @throws DataError if the datum can't be written */
  encode(datum: Datum): Uint8Array | string | null;
}

/** What converters need of the outside. */
export interface ConverterPorts {
  /** The text of a file that the settings name; the runtime says which files may be read. @throws any Error */
  readText(path: string): string;
}

/** A kind of converter. */
export interface ConverterDefinition<C = unknown> {
  readonly name: string;
  /** Kafka's class names that mean the same. */
  readonly aliases: readonly string[];
  readonly doc: string;
  readonly config: ConfigDeclaration<C>;
  /** `alias`: the name under which it was asked for. @throws Error with what is wrong */
  create(config: C, ports: ConverterPorts, alias: string): Converter;
}
