{{/*
A pod template of its own for each kind of pod: the operator merges a common one by position, which mixes up lists.
(dict "root" . "component" "jobmanager" "values" .Values.jobManager)
*/}}
{{- define "jobs.operator.podTemplate" -}}
{{- $root := .root -}}
{{- $driver := eq .component "jobmanager" -}}
metadata:
  labels:
    {{- include "common.podLabels" . | nindent 4 }}
  annotations:
    # What the driver reads is no part of this resource: a change of it is to be an upgrade all the same.
    checksum/config: {{ include "jobs.environment" $root | sha256sum }}
    {{- with $root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "common.imagePullSecrets" $root | nindent 2 }}
  # High availability is a conversation with the API server.
  automountServiceAccountToken: true
  enableServiceLinks: false
  securityContext:
    {{- include "common.podSecurityContext" (dict "root" $root "uid" 9999) | nindent 4 }}
  {{- include "common.scheduling" . | nindent 2 }}
  containers:
    - name: flink-main-container
      securityContext:
        {{- include "common.securityContext" $root | nindent 8 }}
      {{- if $driver }}
      envFrom:
        {{- include "common.kafka.envFrom" $root | nindent 8 }}
        - configMapRef:
            name: {{ include "common.fullname" $root }}
      {{- end }}
      env:
        {{- if $driver }}
        {{- include "common.kafka.env" (dict "root" $root "component" "jobs") | nindent 8 }}
        {{- end }}
        {{- include "common.pythonEnv" $root | nindent 8 }}
        {{- include "jobs.s3Env" $root | nindent 8 }}
        {{- with $root.Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: metrics
          containerPort: {{ $root.Values.metrics.port }}
      {{- if $driver }}
      startupProbe:
        httpGet:
          path: /config
          port: 8081
        periodSeconds: 3
        failureThreshold: 60
      readinessProbe:
        httpGet:
          path: /config
          port: 8081
        periodSeconds: 10
        timeoutSeconds: 5
      {{- else }}
      startupProbe:
        tcpSocket:
          port: 6122
        periodSeconds: 3
        failureThreshold: 60
      readinessProbe:
        httpGet:
          path: /metrics
          port: metrics
        periodSeconds: 10
        timeoutSeconds: 5
      {{- end }}
      livenessProbe:
        tcpSocket:
          port: {{ ternary 6123 6122 $driver }}
        periodSeconds: 20
        timeoutSeconds: 5
        failureThreshold: 6
      volumeMounts:
        {{- include "jobs.volumeMounts" $root | nindent 8 }}
  volumes:
    {{- include "jobs.volumes" $root | nindent 4 }}
{{- end }}

{{/* Flink's configuration, and the operator's own. */}}
{{- define "jobs.operator.config" -}}
{{- include "jobs.flinkConfig" . }}
# Room for the Python driver beside the job manager's JVM.
kubernetes.jobmanager.memory.limit-factor: {{ .Values.operator.jobManagerMemoryLimitFactor | quote }}
job.autoscaler.enabled: {{ .Values.operator.autoscaler.enabled | quote }}
{{- if .Values.operator.autoscaler.enabled }}
{{- range $name, $value := .Values.operator.autoscaler.config }}
job.autoscaler.{{ $name }}: {{ include "common.scalar" $value | quote }}
{{- end }}
{{- end }}
{{- end }}
