{{- define "moldau.brokerEnv" -}}
- name: MOLDAU_BROKER_ID
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
- name: MOLDAU_DATA_DIR
  value: /var/lib/moldau/broker
- name: MOLDAU_COORDINATORS
  value: {{ printf "%s-coordinator.%s.svc.%s:9093" (include "moldau.fullname" .) .Release.Namespace .Values.clusterDomain }}
- name: MOLDAU_BOOTSTRAP
  value: 127.0.0.1:9092
{{- $rackFrom := include "moldau.rackFrom" . }}
{{- if eq $rackFrom "podLabel" }}
- name: MOLDAU_RACK
  valueFrom:
    fieldRef:
      fieldPath: metadata.labels['{{ .Values.broker.rack.label }}']
{{- else if eq $rackFrom "nodeLabel" }}
- name: MOLDAU_CONFIG_FILE
  value: /run/moldau/broker.json
{{- end }}
{{- end -}}

{{- define "moldau.brokerProbes" -}}
{{- include "moldau.grpcProbes" (dict "port" 9092 "ready" (ternary "in-sync" "" .Values.broker.readyWhenInSync)) }}
{{- if gt (int .Values.broker.stopWhenSafeSeconds) 0 }}
lifecycle:
  preStop:
    exec:
      # Asks the controller until nobody needs this broker; then it is told to stop, and moves its leaders away first.
      command:
        - sh
        - -c
        - exec moldau cluster health --safe-to-stop "$MOLDAU_BROKER_ID" --wait {{ mul 1000 (int .Values.broker.stopWhenSafeSeconds) }}
{{- end }}
{{- end -}}

{{/* Reads the label of the node into the broker's settings, since Kubernetes does not hand it to pods before 1.35. */}}
{{- define "moldau.rackReader" -}}
- name: rack
  image: {{ include "moldau.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command:
    - node
    - /opt/moldau/tools/node-label.js
    - {{ .Values.broker.rack.label | quote }}
    - /run/moldau/broker.json
  env:
    - name: NODE_NAME
      valueFrom:
        fieldRef:
          fieldPath: spec.nodeName
    - name: NODE_EXTRA_CA_CERTS
      value: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
  resources:
    requests:
      cpu: 10m
      memory: 64Mi
    limits:
      memory: 128Mi
  securityContext:
    {{- toYaml .Values.containerSecurityContext | nindent 4 }}
  volumeMounts:
    - name: node
      mountPath: /run/moldau
{{- end -}}
