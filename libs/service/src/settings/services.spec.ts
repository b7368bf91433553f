import { describe, expect, it } from 'vitest';
import { documentSettings } from '../configuration/document-settings.ts';
import { environmentName, flagName } from '../configuration/setting.ts';
import { SERVICES } from './services.ts';

describe('the settings of every service', () => {
  it.each(Object.entries(SERVICES))('%s: each default is within its limits, each name is camel case and told apart', (_, settings) => {
    for (const [name, setting] of Object.entries(settings)) {
      expect(name).toMatch(/^[a-z][a-zA-Z0-9]*$/);
      expect(setting.doc).toMatch(/\.$/);
      if (!setting.required) expect(setting.schema.safeParse(setting.defaultValue), name).toMatchObject({ success: true });
      if (name.endsWith('Ms')) expect(setting.unit).toBe('ms');
    }
    expect(new Set(Object.keys(settings).map(environmentName)).size).toBe(Object.keys(settings).length);
  });

  it.each(Object.entries(SERVICES))('%s: the documentation has a row for each', (_, settings) => {
    const table = documentSettings(settings);
    for (const name of Object.keys(settings))
      expect(table).toContain(`| \`${name}\` | \`--${flagName(name)}\`<br>\`${environmentName(name)}\``);
  });
});
