{{/*
A Job that runs the command line against the cluster. Arguments:
  root, name, hooks, weight, deadlineSeconds
  script      what sh runs; a failure of any line is one of the Job
*/}}
{{- define "moldau.job" -}}
{{- $arguments := dict "root" .root "component" "admin" -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "moldau.metadata" (merge (dict "name" .name "annotations" (dict "helm.sh/hook" .hooks "helm.sh/hook-weight" (toString .weight) "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded")) $arguments) | nindent 2 }}
spec:
  backoffLimit: 0
  activeDeadlineSeconds: {{ int .deadlineSeconds }}
  template:
    metadata:
      labels:
        {{- include "moldau.labels" $arguments | nindent 8 }}
    spec:
      {{- include "moldau.adminPod" . | nindent 6 }}
{{- end -}}

{{/* The pod of such a Job, and of helm test. Jobs run before the chart's accounts exist, and need none. */}}
{{- define "moldau.adminPod" -}}
enableServiceLinks: false
automountServiceAccountToken: false
restartPolicy: Never
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- toYaml .root.Values.podSecurityContext | nindent 2 }}
containers:
  - name: moldau
    image: {{ include "moldau.image" .root }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    command:
      - sh
      - -euc
      - |
        {{- .script | nindent 8 }}
    env:
      - name: MOLDAU_BOOTSTRAP
        value: {{ include "moldau.bootstrap" .root }}
    resources:
      {{- toYaml .root.Values.provisioning.resources | nindent 6 }}
    securityContext:
      {{- toYaml .root.Values.containerSecurityContext | nindent 6 }}
    volumeMounts:
      - name: tmp
        mountPath: /tmp
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: 64Mi
{{- end -}}

{{/* Waits until a broker answers: (seconds, otherwise). */}}
{{- define "moldau.awaitCluster" -}}
deadline=$(( $(date +%s) + {{ int .seconds }} ))
until moldau cluster describe >/dev/null; do
  if [ "$(date +%s)" -ge "$deadline" ]; then
    {{ .otherwise }}
  fi
  sleep 2
done
{{- end -}}
