import type { ConfigDeclaration } from '../config/config-declaration.ts';
import type { JsonObject } from '../data/json-value.ts';

/** Errors that the declaration finds in this input, as `name: message`; none if it is right. */
export function collectErrors(declaration: ConfigDeclaration, input: JsonObject): readonly string[] {
  const parsed = declaration.parse(input);
  return parsed.ok ? [] : parsed.errors.map(({ field, message }) => `${field}: ${message}`);
}
