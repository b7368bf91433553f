import type { PluginModule } from '@moldau/connect-runtime';

/** Packages of connectors that come with Moldau, and where they are: their code is loaded in threads, never here. */
const BUILT_IN: Readonly<Record<string, string>> = {
  '@moldau/connector-datagen': import.meta.resolve('@moldau/connector-datagen'),
  '@moldau/connector-file': import.meta.resolve('@moldau/connector-file'),
  '@moldau/connector-http': import.meta.resolve('@moldau/connector-http'),
  '@moldau/connector-postgres': import.meta.resolve('@moldau/connector-postgres'),
  '@moldau/connector-s3': import.meta.resolve('@moldau/connector-s3'),
  '@moldau/connector-spooldir': import.meta.resolve('@moldau/connector-spooldir'),
  '@moldau/connector-syslog': import.meta.resolve('@moldau/connector-syslog'),
};

export function builtInPlugins(): readonly PluginModule[] {
  return Object.entries(BUILT_IN).map(([name, url]) => ({ name, url }));
}
