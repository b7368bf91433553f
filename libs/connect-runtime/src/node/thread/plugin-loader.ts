import type { ConnectorDefinition, ConnectorPlugin } from '@moldau/connect';
import { MoldauError } from '@moldau/kernel';
import type { PluginModule } from './thread-messages.ts';

/** The plugin's definitions. Runs the plugin's code: only ever in a thread. @throws what the module throws; PLUGIN_NOT_FOUND */
export async function loadPlugin(module: PluginModule): Promise<readonly ConnectorDefinition[]> {
  const loaded = (await import(module.url)) as { readonly plugin?: unknown };
  const plugin = loaded.plugin as ConnectorPlugin | undefined;
  if (typeof plugin !== 'object' || !Array.isArray(plugin.definitions)) {
    throw new MoldauError('PLUGIN_NOT_FOUND', `${module.name} exports no plugin with definitions`, { plugin: module.name });
  }
  return plugin.definitions as readonly ConnectorDefinition[];
}

/** @throws MoldauError PLUGIN_NOT_FOUND */
export async function loadDefinition(module: PluginModule, className: string): Promise<ConnectorDefinition> {
  const found = (await loadPlugin(module)).find(({ name, aliases }) => name === className || aliases.includes(className));
  if (found !== undefined) return found;
  throw new MoldauError('PLUGIN_NOT_FOUND', `${module.name} has no class '${className.slice(0, 200)}'`, { plugin: module.name });
}
