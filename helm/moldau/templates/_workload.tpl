{{/*
The StatefulSet of a service. Arguments:
  root, component, values      the chart's root, the service's name in names and labels, its block of values
  image, pullPolicy            of the main container
  command                      what it runs
  ports                        list of {name, port}
  env                          YAML of its environment
  probes                       YAML of its probes and hooks
  dataPath                     where its volume is mounted; no mount where there is none and this is empty
  mounts, volumes, init        YAML of more mounts, volumes and init containers; may be empty
  automountToken               whether the pod gets a token of the API
*/}}
{{- define "moldau.statefulset" -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  {{- include "moldau.metadata" (dict "root" .root "component" .component "name" (printf "%s-%s" (include "moldau.fullname" .root) .component)) | nindent 2 }}
spec:
  replicas: {{ .values.replicas }}
  serviceName: {{ include "moldau.headlessName" . }}
  # All start at once: after a loss of power the last one may be the one the others wait for. Updates go one at a time all the same.
  podManagementPolicy: Parallel
  updateStrategy:
    type: RollingUpdate
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      {{- include "moldau.selector" . | nindent 6 }}
  {{- if .values.persistence.enabled }}
  persistentVolumeClaimRetentionPolicy:
    whenDeleted: {{ .values.persistence.whenDeleted }}
    whenScaled: {{ .values.persistence.whenScaled }}
  volumeClaimTemplates:
    - metadata:
        name: data
        labels:
          {{- include "moldau.selector" . | nindent 10 }}
        {{- with .values.persistence.annotations }}
        annotations:
          {{- toYaml . | nindent 10 }}
        {{- end }}
      spec:
        accessModes: {{ toJson .values.persistence.accessModes }}
        {{- with .values.persistence.storageClass }}
        storageClassName: {{ . }}
        {{- end }}
        resources:
          requests:
            storage: {{ .values.persistence.size }}
  {{- end }}
  template:
    {{- $template := fromYaml (include "moldau.podTemplate" .) }}
    {{- toYaml (mustMergeOverwrite $template (deepCopy .values.podTemplate)) | nindent 4 }}
{{- end -}}

{{- define "moldau.podTemplate" -}}
metadata:
  labels:
    {{- /* No version of chart or service: a pod is made anew when what it runs changes, not when the chart does. */}}
    {{- include "moldau.selector" . | nindent 4 }}
    {{- with omit .root.Values.commonLabels "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with omit .values.podLabels "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with merge (dict) .values.podAnnotations .root.Values.commonAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "moldau.podBasics" . | nindent 2 }}
  automountServiceAccountToken: {{ default false .automountToken }}
  terminationGracePeriodSeconds: {{ int .values.terminationGracePeriodSeconds }}
  {{- include "moldau.placement" . | nindent 2 }}
  {{- $init := concat (fromYamlArray (default "[]" .init)) .values.extraInitContainers }}
  {{- with $init }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .component }}
      image: {{ .image }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      command: {{ toJson .command }}
      env:
        {{- .env | nindent 8 }}
        {{- with .values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        {{- range .ports }}
        - name: {{ .name }}
          containerPort: {{ .port }}
        {{- end }}
      {{- .probes | nindent 6 }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .root.Values.containerSecurityContext | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if or .values.persistence.enabled .keepsData }}
        - name: data
          mountPath: {{ .dataPath }}
        {{- end }}
        {{- with .mounts }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with .values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with .values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 256Mi
    {{- if and .keepsData (not .values.persistence.enabled) }}
    - name: data
      emptyDir: {}
    {{- end }}
    {{- with .volumes }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* What all pods have, also those of Jobs: (root, component). */}}
{{- define "moldau.podBasics" -}}
serviceAccountName: {{ include "moldau.serviceAccountName" . }}
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- toYaml .root.Values.podSecurityContext | nindent 2 }}
{{- end -}}

{{- define "moldau.placement" -}}
{{- $selector := dict "matchLabels" (fromYaml (include "moldau.selector" .)) -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" $selector -}}
{{- if .values.affinity }}
affinity:
  {{- toYaml .values.affinity | nindent 2 }}
{{- else if eq .values.antiAffinity "soft" }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          {{- toYaml $term | nindent 10 }}
{{- else if eq .values.antiAffinity "hard" }}
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - {{- toYaml $term | nindent 8 }}
{{- end }}
{{- if .values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml .values.topologySpreadConstraints | nindent 2 }}
{{- else if .values.zoneSpread }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      {{- toYaml $selector | nindent 6 }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* Settings of a process as variables: dataDir becomes MOLDAU_DATA_DIR. */}}
{{- define "moldau.settings" -}}
{{- range $name, $value := . }}
- name: MOLDAU_{{ $name | snakecase | upper }}
  value: {{ ternary (printf "%.0f" (float64 (ternary $value 0 (kindIs "float64" $value)))) (toString $value) (kindIs "float64" $value) | quote }}
{{- end }}
{{- end -}}

{{/* The name of the pod, and by what name others reach it: (root, component, variables). */}}
{{- define "moldau.podNames" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- $host := printf "$(POD_NAME).%s.%s.svc.%s" (include "moldau.headlessName" .) .root.Release.Namespace .root.Values.clusterDomain }}
{{- range .variables }}
- name: {{ . }}
  value: {{ $host }}
{{- end }}
{{- end -}}

{{/* Probes of a service of ours by gRPC's health service: (port, ready). */}}
{{- define "moldau.grpcProbes" -}}
startupProbe:
  grpc:
    port: {{ .port }}
    service: live
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 60
livenessProbe:
  grpc:
    port: {{ .port }}
    service: live
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  grpc:
    port: {{ .port }}
    {{- with .ready }}
    service: {{ . }}
    {{- end }}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 3
{{- end -}}

{{/* The headless Service that gives pods their names: (root, component, ports). */}}
{{- define "moldau.headless" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "moldau.metadata" (dict "root" .root "component" .component "name" (include "moldau.headlessName" .) "labels" (dict "moldau.io/scrape" "true")) | nindent 2 }}
spec:
  type: ClusterIP
  clusterIP: None
  # Members find each other before they are ready.
  publishNotReadyAddresses: true
  selector:
    {{- include "moldau.selector" . | nindent 4 }}
  ports:
    {{- range .ports }}
    - name: {{ .name }}
      port: {{ .port }}
      targetPort: {{ .name }}
    {{- end }}
{{- end -}}

{{- define "moldau.disruptionBudget" -}}
{{- if .values.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "moldau.metadata" (dict "root" .root "component" .component "name" (printf "%s-%s" (include "moldau.fullname" .root) .component)) | nindent 2 }}
spec:
  maxUnavailable: {{ int .values.podDisruptionBudget.maxUnavailable }}
  # One that is not ready serves nobody: it must not keep its node from being drained.
  unhealthyPodEvictionPolicy: {{ .evictUnhealthy | default "IfHealthyBudget" }}
  selector:
    matchLabels:
      {{- include "moldau.selector" . | nindent 6 }}
{{- end }}
{{- end -}}

{{- define "moldau.serviceAccount" -}}
{{- if .root.Values.serviceAccount.create }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "moldau.metadata" (dict "root" .root "component" .component "name" (include "moldau.serviceAccountName" .) "annotations" .root.Values.serviceAccount.annotations) | nindent 2 }}
automountServiceAccountToken: false
{{- end }}
{{- end -}}
