import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { helm } from './helm-program.ts';

export const CHART = fileURLToPath(new URL('../../../helm/moldau', import.meta.url));
export const RELEASE = 'r';
export const NAMESPACE = 'streaming';

/** The oldest Kubernetes that the chart is for, the newest without the zone among a pod's labels, and one with it. */
export const KUBERNETES_VERSIONS = ['1.28.0', '1.34.3', '1.36.3'] as const;
export const NEWEST_KUBERNETES = '1.36.3';

/** Files of values in `helm/moldau/ci`. */
export const CASES: readonly string[] = readdirSync(join(CHART, 'ci')).sort();

/** Part of an object as Kubernetes has it: whoever reads it names what they expect. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: shapes differ by kind; the models check them
  readonly [field: string]: unknown;
}

export interface Rendering {
  /** A file of `ci`; default: none. */
  readonly values?: string;
  /** `name=value`, as for `--set`. */
  readonly set?: readonly string[];
  readonly kubernetes?: string;
}

/** Arguments of helm that choose values. */
export function valuesArguments({ values, set = [] }: Rendering): readonly string[] {
  const file = values === undefined ? [] : ['--values', join(CHART, 'ci', values)];
  return [...file, ...set.flatMap((pair) => ['--set', pair])];
}

/** All objects that the chart makes of the values, hooks and tests, too. */
export async function render(rendering: Rendering = {}): Promise<readonly Manifest[]> {
  const { kubernetes = NEWEST_KUBERNETES } = rendering;
  const versions = ['--kube-version', kubernetes, '--api-versions', 'monitoring.coreos.com/v1'];
  const result = await helm('template', RELEASE, CHART, '--namespace', NAMESPACE, ...versions, ...valuesArguments(rendering));
  if (result.status !== 0) throw new Error(`helm template failed: ${result.stderr}`);
  const documents = parseAllDocuments(result.stdout);
  if (!Array.isArray(documents)) return [];
  const faults = documents.flatMap(({ errors }) => errors);
  if (faults.length > 0) throw new Error(`helm template made no YAML: ${faults.map(({ message }) => message).join('; ')}`);
  return documents.map((document) => document.toJS() as Manifest | null).filter((manifest) => manifest !== null);
}

/** The objects of a kind. */
export function ofKind(manifests: readonly Manifest[], kind: string): readonly Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}

/** @throws when there is none, or more than one */
export function named(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = ofKind(manifests, kind).filter(({ metadata }) => metadata.name === name);
  if (found.length !== 1 || found[0] === undefined) {
    throw new Error(
      `${found.length} objects ${kind} ${name}; there are ${ofKind(manifests, kind)
        .map((one) => one.metadata.name)
        .join(', ')}`,
    );
  }
  return found[0];
}
