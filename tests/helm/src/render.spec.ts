import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { CASES, CHART, KUBERNETES_VERSIONS, type Manifest, render, valuesArguments } from './chart.ts';
import { findHelm, helm, NO_HELM } from './helm-program.ts';
import { faultOf } from './models/kinds.ts';
import { compilerFaults } from './models/unknown-fields.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const COMPILE_TIMEOUT_MS = 60_000;

beforeEach((context) => {
  if (findHelm() === undefined) context.skip(NO_HELM);
});

describe.each(CASES)('the chart with ci/%s', (values) => {
  it('passes helm lint', async () => {
    const result = await helm('lint', CHART, '--strict', '--kube-version', KUBERNETES_VERSIONS[0], ...valuesArguments({ values }));
    expect(result.stdout + result.stderr).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it.each(KUBERNETES_VERSIONS)('makes objects that Kubernetes %s takes, each name once', async (kubernetes) => {
    const manifests = await render({ values, kubernetes });
    expect(manifests.map(faultOf).filter((fault) => fault !== undefined)).toEqual([]);
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    expect(manifests.filter(({ metadata }) => !/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/.test(metadata.name))).toEqual([]);
  });
});

describe('the objects of all values', () => {
  it('have no field that Kubernetes does not know', { timeout: COMPILE_TIMEOUT_MS }, async () => {
    const manifests = await Promise.all(CASES.map((values) => render({ values })));
    expect(compilerFaults(withoutTwins(manifests.flat()), HERE)).toEqual([]);
  });

  it('would be found out if they had one', { timeout: COMPILE_TIMEOUT_MS }, () => {
    const wrong: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, dta: {} };
    expect(compilerFaults([wrong], HERE)).toEqual([expect.stringContaining('does not exist in type')]);
    expect(faultOf({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { ports: [{ name: 'x' }] } })).toContain('port');
  });
});

function withoutTwins(manifests: readonly Manifest[]): readonly Manifest[] {
  return [...new Map(manifests.map((manifest) => [JSON.stringify(manifest), manifest])).values()];
}
