import type { ConfigDeclaration, JsonObject } from '@moldau/connect';
import { MoldauError } from '@moldau/kernel';
import { SINK_SETTINGS, SOURCE_SETTINGS } from '../../core/connector-settings.ts';

/**
 * The settings that this declaration knows; `others` may stand beside them, undefined: anything may.
 *
 * @throws MoldauError CONNECTOR_CONFIG_INVALID with all that is wrong
 */
export function parsedAs<C>(
  declaration: ConfigDeclaration<C>,
  config: Readonly<Record<string, string>>,
  others: readonly ConfigDeclaration[] | undefined,
): C {
  const input: JsonObject = others === undefined ? only(declaration, config) : config;
  const parsed = declaration.parse(input, others ?? [SOURCE_SETTINGS, SINK_SETTINGS]);
  if (parsed.ok) return parsed.config;
  const list = parsed.errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw new MoldauError('CONNECTOR_CONFIG_INVALID', `the config is refused: ${list}`, {
    fields: parsed.errors.map(({ field }) => field).join(','),
  });
}

function only(declaration: ConfigDeclaration, config: Readonly<Record<string, string>>): JsonObject {
  const names = Object.entries(declaration.fields);
  const isKnown = (key: string): boolean => names.some(([name, { prefix }]) => (prefix ? key.startsWith(name) : key === name));
  return Object.fromEntries(Object.entries(config).filter(([key]) => isKnown(key)));
}
