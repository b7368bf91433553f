import { GROUP_CONFIG_SETTINGS } from '@moldau/cluster';
import { ASSIGNOR_NAMES, ASSIGNOR_SETTING, DEFAULT_GROUP_SETTINGS, GROUP_SETTINGS, parseGroupSettings } from '@moldau/groups';
import { describe, expect, it } from 'vitest';

describe('the settings of groups that the cluster keeps', () => {
  it('are those that groups obey, with the same limits and defaults', () => {
    const names = GROUP_CONFIG_SETTINGS.map(({ name }) => name).sort();
    expect(names).toEqual([...Object.keys(GROUP_SETTINGS), ASSIGNOR_SETTING].sort());
    for (const setting of GROUP_CONFIG_SETTINGS) {
      if (setting.type === 'enum') expect([...setting.values].sort()).toEqual([...ASSIGNOR_NAMES].sort());
      else
        expect({ min: setting.min, max: setting.max }, setting.name).toMatchObject({
          min: GROUP_SETTINGS[setting.name]?.min,
          max: GROUP_SETTINGS[setting.name]?.max,
        });
    }
    const defaults = new Map(GROUP_CONFIG_SETTINGS.map(({ name, defaultValue }) => [name, defaultValue]));
    expect(parseGroupSettings(defaults)).toEqual(DEFAULT_GROUP_SETTINGS);
  });
});
