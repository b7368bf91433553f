import { beforeEach, describe, expect, it } from 'vitest';
import { CHART, named, ofKind, render } from './chart.ts';
import { findHelm, helm, NO_HELM } from './helm-program.ts';
import { podOf } from './pods.ts';

beforeEach((context) => {
  if (findHelm() === undefined) context.skip(NO_HELM);
});

async function refusal(...set: readonly string[]): Promise<string> {
  const result = await helm('template', 'r', CHART, '--kube-version', '1.34.3', ...set.flatMap((pair) => ['--set-json', pair]));
  expect(result.status, set.join(' ')).not.toBe(0);
  return result.stderr;
}

describe('wrong values', () => {
  it.each([
    ['broker.replcas=3', "'replcas' not allowed"],
    ['brokers={}', "'brokers' not allowed"],
    ['broker.replicas=0', '/broker/replicas'],
    ['broker.replicas="three"', '/broker/replicas'],
    ['broker.persistence.size="20 gigabytes"', '/broker/persistence/size'],
    ['broker.config.brokerId=1', "'brokerId' not allowed"],
    ['broker.config.tailCache=1', "'tailCache' not allowed"],
    ['broker.rack.from="node"', '/broker/rack/from'],
    ['coordinator.antiAffinity="always"', '/coordinator/antiAffinity'],
    ['etcd.replicas=2', '/etcd/replicas'],
    ['etcd.external.endpoints=["http://etcd:2379"]', '/etcd/external/endpoints/0'],
    ['image.digest="sha256:abc"', '/image/digest'],
    ['clusterName="A B"', '/clusterName'],
    ['provisioning.topics=[{"name":"a b"}]', '/provisioning/topics/0/name'],
    ['provisioning.topics=[{"partitions":3}]', 'name'],
    ['metrics.serviceMonitor.interval=15', '/metrics/serviceMonitor/interval'],
  ])('%s is refused, and the message says %s', async (value, part) => {
    expect(await refusal(value)).toContain(part);
  });

  it('an etcd of your own without addresses is refused by name', async () => {
    expect(await refusal('etcd.enabled=false')).toContain('etcd.external.endpoints must name at least one host:port');
  });

  it('an older Kubernetes than the chart is for is refused', async () => {
    const result = await helm('template', 'r', CHART, '--kube-version', '1.27.9');
    expect(result.stderr).toContain('chart requires kubeVersion');
  });
});

describe('what values make', () => {
  it('is a Job for topics, with each setting quoted', async () => {
    const job = named(await render({ values: 'everything-values.yaml' }), 'Job', 'r-streams-topics');
    const [, , script = ''] = podOf(job)?.containers[0]?.command ?? [];
    expect(script).toContain(
      "moldau topic create 'orders' --if-not-exists --replication-factor 3 --partitions 12 --config 'cleanup.policy=compact,delete' " +
        "--config 'min.cleanable.dirty.ratio=0.5' --config 'retention.ms=604800000'\n",
    );
    expect(script).toContain("moldau topic create 'payments.v2' --if-not-exists --replication-factor 3\n");
    expect(job.metadata.annotations?.['helm.sh/hook']).toBe('post-install,post-upgrade');
  });

  it('is a Job that drains before brokers are taken away, and one that forgets them afterwards', async () => {
    const manifests = await render({ set: ['broker.replicas=4', 'broker.scaleIn.throttleBytesPerSecond=20000000'] });
    const scriptOf = (name: string): string => podOf(named(manifests, 'Job', name))?.containers[0]?.command?.[2] ?? '';
    expect(scriptOf('r-moldau-scale-in')).toContain('moldau broker scale 4 --wait --throttle 20000000');
    expect(scriptOf('r-moldau-scaled')).toContain('moldau broker scale 4 --forget');
    expect(named(manifests, 'Job', 'r-moldau-scale-in').metadata.annotations?.['helm.sh/hook']).toBe('pre-upgrade,pre-rollback');
    expect(ofKind(await render({ set: ['broker.scaleIn.drain=false'] }), 'Job')).toEqual([]);
  });

  it('is an etcd whose members know each other, or the addresses of yours', async () => {
    const [own] = ofKind(await render({ set: ['etcd.replicas=1'] }), 'StatefulSet').filter(
      ({ metadata }) => metadata.name === 'r-moldau-etcd',
    );
    expect(own === undefined ? [] : podOf(own)?.containers[0]?.command).toContain(
      '--initial-cluster=r-moldau-etcd-0=http://r-moldau-etcd-0.r-moldau-etcd-headless.streaming.svc.cluster.local:2380',
    );
    const external = await render({ values: 'external-etcd-values.yaml' });
    expect(ofKind(external, 'StatefulSet').map(({ metadata }) => metadata.name)).not.toContain('events-etcd');
    expect(JSON.stringify(named(external, 'StatefulSet', 'events-coordinator'))).toContain(
      '"etcd-0.example.org:2379,etcd-1.example.org:2379,etcd-2.example.org:2379"',
    );
  });

  it('is scraping, alerts and dashboards for those who want them', async () => {
    const all = await render({ values: 'everything-values.yaml' });
    expect(named(all, 'ServiceMonitor', 'r-streams').metadata.labels).toMatchObject({ release: 'prometheus' });
    expect((named(all, 'PrometheusRule', 'r-streams')['spec'] as { groups: readonly object[] }).groups.length).toBeGreaterThan(0);
    const boards = ofKind(all, 'ConfigMap').filter(({ metadata }) => metadata.labels?.['grafana_dashboard'] === '1');
    expect(boards.length).toBeGreaterThan(0);
    for (const board of boards) {
      for (const text of Object.values(board['data'] as Record<string, string>)) expect(JSON.parse(text)).toHaveProperty('panels');
    }
    const plain = await render();
    expect([...ofKind(plain, 'ServiceMonitor'), ...ofKind(plain, 'PrometheusRule')]).toEqual([]);
  });
});
