import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import type { Manifest } from './chart.ts';

/** The pod that an object makes; undefined for one that makes none. */
export function podOf(manifest: Manifest): IPodSpec | undefined {
  const spec = manifest['spec'] as { template?: { spec: IPodSpec }; jobTemplate?: { spec: { template: { spec: IPodSpec } } } } | undefined;
  switch (manifest.kind) {
    case 'Pod':
      return manifest['spec'] as IPodSpec;
    case 'StatefulSet':
    case 'Job':
      return spec?.template?.spec;
    case 'CronJob':
      return spec?.jobTemplate?.spec.template.spec;
    default:
      return undefined;
  }
}

/** All containers of a pod, those that run before it, too. */
export function containersOf(pod: IPodSpec): readonly IContainer[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

/** The main container of a service. @throws when there is none of this name */
export function mainContainer(manifest: Manifest): IContainer {
  const { component } = labelsOf(manifest);
  const found = podOf(manifest)?.containers.find(({ name }) => name === component);
  if (found === undefined) throw new Error(`${manifest.kind} ${manifest.metadata.name} has no container ${component}`);
  return found;
}

function labelsOf({ metadata }: Manifest): { readonly component: string } {
  return { component: metadata.labels?.['app.kubernetes.io/component'] ?? '' };
}

/** Plain values of a container's environment. */
export function environmentOf(container: IContainer): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries((container.env ?? []).map(({ name, value, valueFrom }) => [name, value ?? valueFrom?.fieldRef?.fieldPath]));
}
