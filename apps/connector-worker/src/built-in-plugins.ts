import type { PluginModule } from '@moldau/connect-runtime';

/** Packages of connectors that come with Moldau. Only their names are known here: their code is loaded in threads. */
const PACKAGES = ['@moldau/connector-file'] as const;

export function builtInPlugins(): readonly PluginModule[] {
  return PACKAGES.map((name) => ({ name, url: import.meta.resolve(name) }));
}
