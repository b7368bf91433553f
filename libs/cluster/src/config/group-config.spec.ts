import type { Namespace } from '@moldau/kernel';
import { describe, expect, it } from 'vitest';
import { alterConfigs } from '../decision/alter-configs.ts';
import { applyChanges } from '../image/apply-changes.ts';
import { EMPTY_IMAGE } from '../image/metadata-image.ts';
import { configKey, parseKey } from '../image/metadata-keys.ts';
import { describeConfigs } from './describe-configs.ts';
import { GROUP_CONFIG_SETTINGS, groupConfigProblems } from './group-config.ts';
import { settingFault } from './setting.ts';

const target = { kind: 'group', namespace: 'default' as Namespace, groupId: 'payments.v1' } as const;

describe('the settings of a group', () => {
  it('have defaults that fit their own limits', () => {
    for (const setting of GROUP_CONFIG_SETTINGS) expect(settingFault(setting, setting.defaultValue), setting.name).toBeUndefined();
    expect(groupConfigProblems(new Map(GROUP_CONFIG_SETTINGS.map(({ name, defaultValue }) => [name, defaultValue])))).toEqual([]);
  });

  it('are written under a key of the group, and shown with it as their source', () => {
    const [write] = alterConfigs(EMPTY_IMAGE, target, new Map([['session.timeout.ms', '30000']]));
    expect(write?.key).toBe('configs/groups/default/payments.v1');
    expect(parseKey(configKey(target))).toEqual({ kind: 'config', target });
    const { image } = applyChanges(EMPTY_IMAGE, 5, [{ key: write?.key ?? '', value: write?.value, revision: 5 }]);
    const described = describeConfigs(image, target, new Map([['session.timeout.ms', '1']]));
    expect(described.find(({ name }) => name === 'session.timeout.ms')).toMatchObject({ value: '30000', source: 'group' });
    expect(described.find(({ name }) => name === 'assignor')).toMatchObject({ value: 'sticky', source: 'default' });
  });

  it('are judged together: a session needs three heartbeats', () => {
    const changes = new Map([['session.timeout.ms', '12000']]);
    expect(() => alterConfigs(EMPTY_IMAGE, target, changes)).toThrow(expect.objectContaining({ reason: 'INVALID_CONFIG' }));
    expect(alterConfigs(EMPTY_IMAGE, target, new Map([...changes, ['heartbeat.interval.ms', '4000']]))).toHaveLength(1);
  });
});
