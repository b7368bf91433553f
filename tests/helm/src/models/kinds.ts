import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole';
import { ClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Pod } from 'kubernetes-models/v1/Pod';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { Manifest } from '../chart.ts';

interface Model {
  validate(): void;
}

interface Kind {
  readonly make: (data: never) => Model;
  /** The module of its interface, for the compiler. */
  readonly module: string;
}

/** Every kind that the chart makes, by `apiVersion/kind`. */
const KINDS: Readonly<Record<string, Kind>> = {
  'apps/v1/StatefulSet': { make: (data) => new StatefulSet(data), module: 'kubernetes-models/apps/v1/StatefulSet' },
  'batch/v1/CronJob': { make: (data) => new CronJob(data), module: 'kubernetes-models/batch/v1/CronJob' },
  'batch/v1/Job': { make: (data) => new Job(data), module: 'kubernetes-models/batch/v1/Job' },
  'monitoring.coreos.com/v1/PrometheusRule': {
    make: (data) => new PrometheusRule(data),
    module: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule',
  },
  'monitoring.coreos.com/v1/ServiceMonitor': {
    make: (data) => new ServiceMonitor(data),
    module: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor',
  },
  'networking.k8s.io/v1/NetworkPolicy': {
    make: (data) => new NetworkPolicy(data),
    module: 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy',
  },
  'policy/v1/PodDisruptionBudget': {
    make: (data) => new PodDisruptionBudget(data),
    module: 'kubernetes-models/policy/v1/PodDisruptionBudget',
  },
  'rbac.authorization.k8s.io/v1/ClusterRole': {
    make: (data) => new ClusterRole(data),
    module: 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole',
  },
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': {
    make: (data) => new ClusterRoleBinding(data),
    module: 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding',
  },
  'v1/ConfigMap': { make: (data) => new ConfigMap(data), module: 'kubernetes-models/v1/ConfigMap' },
  'v1/PersistentVolumeClaim': { make: (data) => new PersistentVolumeClaim(data), module: 'kubernetes-models/v1/PersistentVolumeClaim' },
  'v1/Pod': { make: (data) => new Pod(data), module: 'kubernetes-models/v1/Pod' },
  'v1/Service': { make: (data) => new Service(data), module: 'kubernetes-models/v1/Service' },
  'v1/ServiceAccount': { make: (data) => new ServiceAccount(data), module: 'kubernetes-models/v1/ServiceAccount' },
};

function kindOf({ apiVersion, kind, metadata }: Manifest): Kind {
  const found = KINDS[`${apiVersion}/${kind}`];
  if (found === undefined) throw new Error(`there is no model of ${apiVersion}/${kind} (${metadata.name})`);
  return found;
}

/** What the model's schema says against the object: types, required fields, formats. */
export function faultOf(manifest: Manifest): string | undefined {
  try {
    kindOf(manifest)
      .make(manifest as never)
      .validate();
    return undefined;
  } catch (error) {
    return `${manifest.kind} ${manifest.metadata.name}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The module that declares the interface of the object's kind. */
export function moduleOf(manifest: Manifest): string {
  return kindOf(manifest).module;
}
