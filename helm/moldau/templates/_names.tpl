{{/* Names, labels and images. */}}

{{- define "moldau.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters: what is appended must fit into 63, with the number of a pod. */}}
{{- define "moldau.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "moldau.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "moldau.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "moldau.clusterName" -}}
{{- default (printf "%s-%s" .Release.Namespace (include "moldau.fullname" .) | trunc 63 | trimSuffix "-") .Values.clusterName -}}
{{- end -}}

{{/* What selects the pods of a component: (dict "root" $ "component" "broker"). */}}
{{- define "moldau.selector" -}}
app.kubernetes.io/name: {{ include "moldau.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of all objects of a component; commonLabels can't replace those that select. */}}
{{- define "moldau.labels" -}}
{{ include "moldau.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: moldau
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with omit .root.Values.commonLabels "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The head of an object: (dict "root" $ "component" "broker" "name" "…" "annotations" (dict)). */}}
{{- define "moldau.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "moldau.labels" . | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (default (dict) .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* An image: a map with registry, repository, tag or digest, and the tag where there is none. */}}
{{- define "moldau.imageName" -}}
{{- $registry := ternary "" (printf "%s/" .image.registry) (empty .image.registry) -}}
{{- if .image.digest -}}
{{- printf "%s%s@%s" $registry .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s%s:%s" $registry .image.repository (default .tag .image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "moldau.image" -}}
{{- include "moldau.imageName" (dict "image" .Values.image "tag" .Chart.AppVersion) -}}
{{- end -}}

{{- define "moldau.headlessName" -}}
{{- printf "%s-%s-headless" (include "moldau.fullname" .root) .component -}}
{{- end -}}

{{/* host:port of the brokers, for clients within the cluster. */}}
{{- define "moldau.bootstrap" -}}
{{- printf "%s.%s.svc.%s:%v" (include "moldau.fullname" .) .Release.Namespace .Values.clusterDomain (int .Values.broker.service.port) -}}
{{- end -}}

{{- define "moldau.serviceAccountName" -}}
{{- if .root.Values.serviceAccount.create -}}
{{- printf "%s-%s" (include "moldau.fullname" .root) .component -}}
{{- else -}}
{{- default "default" .root.Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Where a broker's rack comes from: podLabel, nodeLabel or none. */}}
{{- define "moldau.rackFrom" -}}
{{- $from := .Values.broker.rack.from -}}
{{- if ne $from "auto" -}}
{{- $from -}}
{{- else if and (semverCompare ">=1.35.0-0" .Capabilities.KubeVersion.Version) (hasPrefix "topology.kubernetes.io/" .Values.broker.rack.label) -}}
podLabel
{{- else -}}
nodeLabel
{{- end -}}
{{- end -}}

{{/* Addresses of the bundled etcd's members, or of your own. */}}
{{- define "moldau.etcdEndpoints" -}}
{{- if .Values.etcd.enabled -}}
{{- $name := printf "%s-etcd" (include "moldau.fullname" .) -}}
{{- $addresses := list -}}
{{- range $index := until (int .Values.etcd.replicas) -}}
{{- $addresses = append $addresses (printf "%s-%d.%s-headless.%s.svc.%s:2379" $name $index $name $.Release.Namespace $.Values.clusterDomain) -}}
{{- end -}}
{{- join "," $addresses -}}
{{- else -}}
{{- required "etcd.external.endpoints must name at least one host:port, since etcd.enabled is false" (join "," .Values.etcd.external.endpoints) -}}
{{- end -}}
{{- end -}}
