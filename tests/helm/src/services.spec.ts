import { BROKER_SETTINGS, CONNECTOR_WORKER_SETTINGS, COORDINATOR_SETTINGS, loadConfiguration, serviceVariables } from '@moldau/service';
import { beforeEach, describe, expect, it } from 'vitest';
import { CASES, type Manifest, named, ofKind, render } from './chart.ts';
import { findHelm, NO_HELM } from './helm-program.ts';
import { environmentOf, mainContainer, podOf } from './pods.ts';

beforeEach((context) => {
  if (findHelm() === undefined) context.skip(NO_HELM);
});

/** What Kubernetes would fill in for fields of the pod. */
const FIELDS: Readonly<Record<string, string>> = {
  'metadata.name': 'r-moldau-0',
  "metadata.labels['apps.kubernetes.io/pod-index']": '0',
  "metadata.labels['topology.kubernetes.io/zone']": '',
};

/** The environment as the process has it, without the file of settings, which is written in the pod. */
function environment(manifest: Manifest): Record<string, string> {
  const values = environmentOf(mainContainer(manifest));
  const filled = Object.entries(values).map(([name, value = 'from-secret']): [string, string] => [name, FIELDS[value] ?? value]);
  const expanded = filled.map(([name, value]): [string, string] => [name, value.replaceAll('$(POD_NAME)', 'r-moldau-0')]);
  return Object.fromEntries(expanded.filter(([name]) => name !== 'MOLDAU_CONFIG_FILE' && name !== 'MOLDAU_ETCD_PASSWORD'));
}

const SETTINGS = [
  ['broker', BROKER_SETTINGS],
  ['coordinator', COORDINATOR_SETTINGS],
  ['connector-worker', CONNECTOR_WORKER_SETTINGS],
] as const;

describe.each(CASES)('the services with ci/%s', (values) => {
  it('start with settings that they know and take', async () => {
    const sets = ofKind(await render({ values }), 'StatefulSet');
    for (const [component, settings] of SETTINGS) {
      const set = sets.find(({ metadata }) => metadata.name.endsWith(`-${component}`));
      if (set === undefined) continue;
      const sources = { flags: [], environment: withoutUser(environment(set)), otherVariables: serviceVariables() };
      await expect(loadConfiguration(settings, sources), component).resolves.toBeDefined();
    }
  });
});

/** With a user the password's file is checked, too, which is in the pod. */
function withoutUser({ MOLDAU_ETCD_USERNAME: _, ...rest }: Record<string, string>): Record<string, string> {
  return rest;
}

describe('the brokers', () => {
  it('are told apart by the number of their pod, and are reached under its name', async () => {
    const env = environmentOf(mainContainer(named(await render(), 'StatefulSet', 'r-moldau-broker')));
    expect(env).toMatchObject({
      MOLDAU_BROKER_ID: "metadata.labels['apps.kubernetes.io/pod-index']",
      MOLDAU_CLIENT_ADVERTISED_HOST: '$(POD_NAME).r-moldau-broker-headless.streaming.svc.cluster.local',
      MOLDAU_COORDINATORS: 'r-moldau-coordinator.streaming.svc.cluster.local:9093',
      MOLDAU_RACK: "metadata.labels['topology.kubernetes.io/zone']",
    });
  });

  it('count as ready when they are in sync, and stop when nobody needs them, within the time they have', async () => {
    const set = named(await render(), 'StatefulSet', 'r-moldau-broker');
    const { readinessProbe, livenessProbe, lifecycle } = mainContainer(set);
    expect(readinessProbe?.grpc).toEqual({ port: 9092, service: 'in-sync' });
    expect(livenessProbe?.grpc).toEqual({ port: 9092, service: 'live' });
    const [, , script = ''] = lifecycle?.preStop?.exec?.command ?? [];
    expect(script).toBe('exec moldau cluster health --safe-to-stop "$MOLDAU_BROKER_ID" --wait 60000');
    const waitSeconds = 60;
    const shutdownSeconds = BROKER_SETTINGS.shutdownTimeoutMs.defaultValue! / 1_000;
    expect(podOf(set)?.terminationGracePeriodSeconds).toBeGreaterThan(waitSeconds + shutdownSeconds);
  });

  it('start all at once and are replaced one by one, with one away at most', async () => {
    const manifests = await render();
    expect(named(manifests, 'StatefulSet', 'r-moldau-broker')['spec']).toMatchObject({
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate' },
    });
    expect(named(manifests, 'PodDisruptionBudget', 'r-moldau-broker')['spec']).toMatchObject({ maxUnavailable: 1 });
  });

  it('take their rack from the label of the pod, of the node, or nowhere', async () => {
    const rackOf = async (kubernetes: string, ...set: readonly string[]): Promise<readonly string[]> => {
      const pod = podOf(named(await render({ kubernetes, set }), 'StatefulSet', 'r-moldau-broker'));
      const names = (pod?.containers[0]?.env ?? []).map(({ name }) => name);
      return [...names.filter((name) => /RACK|CONFIG_FILE/.test(name)), ...(pod?.initContainers ?? []).map(({ name }) => name)];
    };
    expect(await rackOf('1.34.3')).toEqual(['MOLDAU_CONFIG_FILE', 'rack']);
    expect(await rackOf('1.35.1')).toEqual(['MOLDAU_RACK']);
    expect(await rackOf('1.35.1', 'broker.rack.label=example.org/room')).toEqual(['MOLDAU_CONFIG_FILE', 'rack']);
    expect(await rackOf('1.35.1', 'broker.rack.from=none')).toEqual([]);
  });
});

describe('all services', () => {
  it('are reached by one Service for clients; internal names lead to pods that are not ready, too', async () => {
    const services = ofKind(await render(), 'Service');
    const client = services.filter(
      (service) => JSON.stringify(service['spec']).includes('"port":9092') && !service.metadata.name.includes('headless'),
    );
    expect(client.map(({ metadata }) => metadata.name)).toEqual(['r-moldau']);
    for (const service of services.filter(({ metadata }) => metadata.name.endsWith('-headless'))) {
      expect(service['spec']).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    }
  });

  it('keep off nodes of their own kind where they can, and spread over zones', async () => {
    for (const set of ofKind(await render(), 'StatefulSet')) {
      const pod = podOf(set);
      const [term] = pod?.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
      expect(term?.podAffinityTerm.topologyKey).toBe('kubernetes.io/hostname');
      expect(term?.podAffinityTerm.labelSelector?.matchLabels).toEqual(
        (set['spec'] as { selector: { matchLabels: object } }).selector.matchLabels,
      );
      expect(pod?.topologySpreadConstraints).toMatchObject([
        { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
      ]);
    }
  });

  it('are laid over by podTemplate last, with large numbers whole', async () => {
    const set = named(await render({ values: 'everything-values.yaml' }), 'StatefulSet', 'r-streams-broker');
    const pod = podOf(set);
    expect(pod).toMatchObject({
      runtimeClassName: 'gvisor',
      priorityClassName: 'high',
      securityContext: { runAsUser: 1_000_650_000, fsGroup: 1_000_650_000 },
    });
    expect(pod?.containers.map(({ name }) => name)).toEqual(['broker', 'side']);
    expect(environmentOf(mainContainer(set))).toMatchObject({
      MOLDAU_PRODUCE_BUDGET_BYTES: '67108864',
      MOLDAU_LOG_LEVEL: 'debug',
      TZ: 'Europe/Prague',
    });
  });

  it('make topics of their own with as many replicas as there are brokers', async () => {
    const factor = async (...set: readonly string[]): Promise<string | undefined> =>
      environmentOf(mainContainer(named(await render({ set }), 'StatefulSet', 'r-moldau-connector-worker')))['MOLDAU_REPLICATION_FACTOR'];
    expect(await factor()).toBeUndefined();
    expect(await factor('broker.replicas=1')).toBe('1');
    expect(await factor('broker.replicas=1', 'connectorWorker.config.replicationFactor=2')).toBe('2');
  });

  it('keep their pods over an upgrade of the chart that changes nothing in them', async () => {
    for (const set of ofKind(await render(), 'StatefulSet')) {
      const { template } = set['spec'] as { template: unknown };
      expect(JSON.stringify(template)).not.toContain('helm.sh/chart');
    }
  });
});
