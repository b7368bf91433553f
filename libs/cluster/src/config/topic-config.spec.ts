import { describe, expect, it } from 'vitest';
import { CLUSTER_REGISTRY } from './broker-config.ts';
import { settingFault } from './setting.ts';
import { TOPIC_SETTINGS, topicConfigProblems, topicSettings } from './topic-config.ts';

describe('the settings of a topic', () => {
  it('have defaults that fit their own limits, and a documentation', () => {
    for (const setting of CLUSTER_REGISTRY.values()) {
      expect(settingFault(setting, setting.defaultValue), setting.name).toBeUndefined();
      expect(setting.documentation.length).toBeGreaterThan(20);
    }
    expect(topicConfigProblems(new Map(TOPIC_SETTINGS.map(({ name, defaultValue }) => [name, defaultValue])), 3)).toEqual([]);
  });

  it('are refused outside their limits, all at once', () => {
    const bad: [string, string][] = [
      ['retention.ms', '-2'],
      ['retention.bytes', '1.5'],
      ['segment.bytes', '2147483648'],
      ['cleanup.policy', 'delete,delete'],
      ['cleanup.policies', 'delete'],
      ['min.cleanable.dirty.ratio', '1.01'],
      ['flush', 'SYNC'],
      ['max.message.bytes', ''],
      ['segment.ms', ' 5'],
      ['index.interval.bytes', '1e3'],
    ];
    expect(topicConfigProblems(new Map(bad), 3).map(({ name }) => name)).toEqual(bad.map(([name]) => name));
  });

  it('are refused where they contradict each other or the replication factor', () => {
    expect(topicConfigProblems(new Map([['min.insync.replicas', '3']]), 2)[0]?.limit).toContain('2');
    expect(
      topicConfigProblems(
        new Map([
          ['min.compaction.lag.ms', '5'],
          ['max.compaction.lag.ms', '4'],
        ]),
        2,
      ),
    ).toHaveLength(1);
    expect(
      topicConfigProblems(
        new Map([
          ['max.message.bytes', '2097152'],
          ['segment.bytes', '1048576'],
        ]),
        2,
      ),
    ).toHaveLength(1);
  });

  it("are a topic's own before the cluster's before the defaults", () => {
    const settings = topicSettings(
      new Map([['retention.ms', '1']]),
      new Map([
        ['retention.ms', '2'],
        ['flush', 'async'],
      ]),
    );
    expect(settings).toMatchObject({ retentionMs: 1, flush: 'async', retentionBytes: -1, minInsyncReplicas: 2 });
    expect(topicSettings(new Map([['cleanup.policy', 'compact, delete']]), undefined).cleanup).toEqual(new Set(['compact', 'delete']));
  });
});
