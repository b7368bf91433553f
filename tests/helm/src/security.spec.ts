import { beforeEach, describe, expect, it } from 'vitest';
import { CASES, named, ofKind, render } from './chart.ts';
import { findHelm, NO_HELM } from './helm-program.ts';
import { containersOf, podOf } from './pods.ts';

beforeEach((context) => {
  if (findHelm() === undefined) context.skip(NO_HELM);
});

/** Containers that a case brings along itself. */
const OWN_CONTAINERS: ReadonlySet<string> = new Set(['side', 'sysctl']);

describe.each(CASES)('every pod with ci/%s', (values) => {
  it('keeps to the restricted pod security standard, with a root that can not be written', async () => {
    const manifests = await render({ values });
    const pods = manifests.flatMap((manifest) => podOf(manifest) ?? []);
    expect(pods.length).toBeGreaterThan(2);
    for (const pod of pods) {
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(pod.securityContext?.runAsUser).toBeGreaterThan(10_000);
      expect([pod.hostNetwork, pod.hostPID, pod.hostIPC]).toEqual([undefined, undefined, undefined]);
      expect((pod.volumes ?? []).filter((volume) => volume.hostPath !== undefined)).toEqual([]);
      expect(pod.enableServiceLinks).toBe(false);
      for (const container of containersOf(pod).filter(({ name }) => !OWN_CONTAINERS.has(name))) {
        expect(container.securityContext, container.name).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources?.limits, container.name).toHaveProperty('memory');
        expect(container.resources?.requests, container.name).toHaveProperty('cpu');
      }
    }
  });
});

describe('access to the API of Kubernetes', () => {
  it('is had by nobody but brokers that read the label of their node, and those may do nothing else', async () => {
    const mounts = (manifests: Awaited<ReturnType<typeof render>>): readonly string[] =>
      manifests.filter((manifest) => podOf(manifest)?.automountServiceAccountToken === true).map(({ metadata }) => metadata.name);
    const before = await render({ kubernetes: '1.34.3' });
    expect(mounts(before)).toEqual(['r-moldau-broker']);
    expect(ofKind(before, 'ClusterRole').map((role) => role['rules'])).toEqual([
      [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
    ]);
    expect(ofKind(before, 'ServiceAccount').every((account) => account['automountServiceAccountToken'] === false)).toBe(true);
    const since = await render({ kubernetes: '1.35.0' });
    expect(mounts(since)).toEqual([]);
    expect(ofKind(since, 'ClusterRole')).toEqual([]);
  });
});

describe('the network policies', () => {
  it('admit to internal ports only those who have business there', async () => {
    const manifests = await render();
    expect(await admitted(manifests, 'broker', 'internal')).toEqual(['broker', 'coordinator']);
    expect(await admitted(manifests, 'coordinator', 'internal')).toEqual(['broker', 'coordinator']);
    expect(await admitted(manifests, 'etcd', 'client')).toEqual(['coordinator', 'etcd', 'etcd-backup']);
    expect(await admitted(manifests, 'etcd', 'peer')).toEqual(['etcd']);
    expect(await admitted(manifests, 'broker', 'client')).toBe('everybody');
  });

  it('admit to other ports whom the values name, and our own pods', async () => {
    const manifests = await render({ values: 'everything-values.yaml' });
    expect(await admitted(manifests, 'broker', 'client')).toEqual(['admin', 'broker', 'connector-worker', 'others']);
    expect(await admitted(manifests, 'broker', 'admin')).toEqual(['others']);
    expect(await admitted(manifests, 'etcd', 'metrics')).toEqual(['others']);
    expect(await admitted(manifests, 'connector-worker', 'rest')).toEqual(['connector-worker', 'others']);
  });
});

interface IngressRule {
  readonly from?: readonly { readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> } }[];
  readonly ports: readonly { readonly port: string }[];
}

/** Components that may reach a port; `others` for what is none of ours. */
async function admitted(
  manifests: Awaited<ReturnType<typeof render>>,
  component: string,
  port: string,
): Promise<readonly string[] | string> {
  const policy = ofKind(manifests, 'NetworkPolicy').find(({ metadata }) => metadata.name.endsWith(`-${component}`));
  const { ingress } = named(manifests, 'NetworkPolicy', policy?.metadata.name ?? component)['spec'] as { ingress: readonly IngressRule[] };
  const rules = ingress.filter(({ ports }) => ports.some((one) => one.port === port));
  if (rules.some(({ from }) => from === undefined)) return 'everybody';
  const peers = rules.flatMap(({ from = [] }) =>
    from.map((peer) => peer.podSelector?.matchLabels['app.kubernetes.io/component'] ?? 'others'),
  );
  return [...new Set(peers)].sort();
}
