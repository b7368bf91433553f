import { type BrokerId, unreachable } from '@moldau/kernel';
import type { MetadataImage } from '../image/metadata-image.ts';
import { CLUSTER_CONFIG_KEY, type ConfigTarget, configKey } from '../image/metadata-keys.ts';
import { BROKER_REGISTRY, CLUSTER_REGISTRY } from './broker-config.ts';
import { GROUP_CONFIG_REGISTRY } from './group-config.ts';
import { describeLimits, type Registry, type Setting } from './setting.ts';
import { TOPIC_REGISTRY } from './topic-config.ts';

/** Where a value comes from. */
export type ConfigSource = 'default' | 'static-broker' | 'cluster-default' | 'dynamic-broker' | 'topic' | 'group';

export interface DescribedConfig {
  readonly name: string;
  readonly value: string;
  readonly source: ConfigSource;
  readonly type: Setting['type'];
  /** With its limits. */
  readonly documentation: string;
  readonly defaultValue: string;
}

/** Values that the process of a broker or the cluster was started with, before what was set at run time. */
export type StaticConfigs = ReadonlyMap<string, string>;

/** The settings that a target has, by name. */
export function registryFor(target: ConfigTarget): Registry {
  switch (target.kind) {
    case 'topic':
      return TOPIC_REGISTRY;
    case 'broker':
      return BROKER_REGISTRY;
    case 'cluster':
      return CLUSTER_REGISTRY;
    case 'group':
      return GROUP_CONFIG_REGISTRY;
  }
}

/** Every setting of a target with its value and where that comes from, in the order of their names. */
export function describeConfigs(image: MetadataImage, target: ConfigTarget, fixed: StaticConfigs = new Map()): DescribedConfig[] {
  const own = image.configs.get(configKey(target))?.values;
  const cluster = image.configs.get(CLUSTER_CONFIG_KEY)?.values;
  const inherited: Layer[] = [
    [target.kind === 'cluster' ? undefined : cluster, 'cluster-default'],
    [fixed, 'static-broker'],
  ];
  return [...registryFor(target).values()]
    .map((setting): DescribedConfig => {
      const { name, type, defaultValue } = setting;
      const found = firstOf(name, [[own, ownSource(target)], ...(target.kind === 'group' ? [] : inherited)]);
      const { value, source } = found ?? { value: defaultValue, source: 'default' };
      return { name, value, source, type, defaultValue, documentation: `${setting.documentation} Limits: ${describeLimits(setting)}.` };
    })
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Settings of the cluster that hold now, as text: set at run time, else fixed at start, else the default. */
export function clusterValue(image: MetadataImage, name: string, fixed: StaticConfigs = new Map()): string {
  return image.configs.get(CLUSTER_CONFIG_KEY)?.values.get(name) ?? fixed.get(name) ?? CLUSTER_REGISTRY.get(name)?.defaultValue ?? '';
}

/** What holds for all topics that say nothing: set at run time before fixed at start. */
export function clusterTopicDefaults(image: MetadataImage, fixed: StaticConfigs = new Map()): ReadonlyMap<string, string> {
  return new Map([...fixed, ...(image.configs.get(CLUSTER_CONFIG_KEY)?.values ?? [])]);
}

/** What holds for a broker, as text by name. */
export function brokerValues(image: MetadataImage, brokerId: BrokerId, fixed: StaticConfigs = new Map()): ReadonlyMap<string, string> {
  return new Map(describeConfigs(image, { kind: 'broker', brokerId }, fixed).map(({ name, value }) => [name, value]));
}

function ownSource(target: ConfigTarget): ConfigSource {
  switch (target.kind) {
    case 'topic':
      return 'topic';
    case 'broker':
      return 'dynamic-broker';
    case 'cluster':
      return 'cluster-default';
    case 'group':
      return 'group';
    default:
      return unreachable(target);
  }
}

/** Values, and what they are called as a source. */
type Layer = readonly [ReadonlyMap<string, string> | undefined, ConfigSource];

function firstOf(name: string, layers: readonly Layer[]): { readonly value: string; readonly source: ConfigSource } | undefined {
  for (const [values, source] of layers) {
    const value = values?.get(name);
    if (value !== undefined) return { value, source };
  }
  return undefined;
}
