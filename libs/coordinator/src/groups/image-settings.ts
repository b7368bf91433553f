import { type ConfigImage, configKey, type MetadataImage } from '@moldau/cluster';
import { DEFAULT_GROUP_SETTINGS, type GroupRef, type GroupSettings, parseGroupSettings, type SettingsView } from '@moldau/groups';
import { type Logger, MoldauError } from '@moldau/kernel';

/** Settings of groups from the metadata image. What can't be read is logged once, and the defaults count. */
export class ImageSettings implements SettingsView {
  readonly #image: () => MetadataImage;
  readonly #logger: Logger;
  readonly #parsed = new WeakMap<ConfigImage, GroupSettings>();

  constructor(image: () => MetadataImage, logger: Logger) {
    this.#image = image;
    this.#logger = logger;
  }

  settingsOf({ namespace, groupId }: GroupRef): GroupSettings {
    const config = this.#image().configs.get(configKey({ kind: 'group', namespace, groupId }));
    if (config === undefined) return DEFAULT_GROUP_SETTINGS;
    let settings = this.#parsed.get(config);
    if (settings === undefined) {
      settings = this.#parse(config, groupId);
      this.#parsed.set(config, settings);
    }
    return settings;
  }

  #parse({ values }: ConfigImage, group: string): GroupSettings {
    try {
      return parseGroupSettings(values);
    } catch (caught) {
      const error = MoldauError.from(caught);
      if (error.reason !== 'INVALID_CONFIG') throw caught;
      this.#logger.error('the settings of a group are not legal: defaults count', { group, error: error.message });
      return DEFAULT_GROUP_SETTINGS;
    }
  }
}
