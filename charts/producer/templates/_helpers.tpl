{{/* What a producer is told by the ConfigMap. */}}
{{- define "producer.environment" -}}
{{- include "common.kafka.settings" . }}
{{- include "common.topicSettings" . }}
{{- include "common.settings" (dict "prefix" "ISOBAR_PRODUCER_" "settings" .Values.settings) }}
{{- end }}

{{/* The parts of a pod that pollers and replay share: (dict "root" . "component" "replay"). */}}
{{- define "producer.pod" -}}
{{- include "common.imagePullSecrets" .root }}
serviceAccountName: {{ include "common.serviceAccountName" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "common.podSecurityContext" (dict "root" .root "uid" 10001) | nindent 2 }}
terminationGracePeriodSeconds: {{ .root.Values.terminationGracePeriodSeconds }}
{{- include "common.scheduling" (dict "root" .root "values" .root.Values "component" .component) }}
{{- end }}

{{- define "producer.container" -}}
image: {{ include "common.image" (dict "root" . "image" .Values.image) }}
imagePullPolicy: {{ include "common.imagePullPolicy" (dict "root" . "image" .Values.image) }}
securityContext:
  {{- include "common.securityContext" . | nindent 2 }}
envFrom:
  {{- include "common.kafka.envFrom" . | nindent 2 }}
  - configMapRef:
      name: {{ include "common.fullname" . }}
{{- end }}

{{- define "producer.env" -}}
{{- include "common.kafka.env" (dict "root" . "component" "producer") }}
{{ include "common.pythonEnv" . }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "producer.volumeMounts" -}}
{{ include "common.kafka.volumeMount" . }}
- name: cache
  mountPath: {{ .Values.settings.cacheDir }}
- name: tmp
  mountPath: /tmp
{{- end }}

{{- define "producer.volumes" -}}
{{ include "common.kafka.volume" . }}
- name: cache
  emptyDir: {}
- name: tmp
  emptyDir: {}
{{- end }}

{{/* The replay's arguments but for its time. */}}
{{- define "producer.replayArguments" -}}
{{- with .Values.replay -}}
{{- if and .speed .rate }}{{ fail "producer.replay.speed and producer.replay.rate are both set: expected one of them (event seconds per second, or records per second)" }}{{ end -}}
- replay
- --stations={{ .stations }}
{{- if .offline }}
- --offline
{{- end }}
{{- with .speed }}
- --speed={{ include "common.scalar" . }}
{{- end }}
{{- with .rate }}
- --rate={{ include "common.scalar" . }}
{{- end }}
{{- with .limit }}
- --limit={{ include "common.scalar" . }}
{{- end }}
{{- end }}
{{- end }}

{{/* The replay's pod; without a time it tells one replay from another. (dict "root" . "asOf" "") */}}
{{- define "producer.replayPod" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "common.podLabels" (dict "root" $root "component" "replay") | nindent 4 }}
  annotations:
    checksum/config: {{ include "producer.environment" $root | sha256sum }}
    {{- with $root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "producer.pod" (dict "root" $root "component" "replay") | nindent 2 }}
  restartPolicy: OnFailure
  containers:
    - name: replay
      {{- include "producer.container" $root | nindent 6 }}
      args:
        {{- include "producer.replayArguments" $root | nindent 8 }}
        - --as-of={{ .asOf }}
      env:
        {{- include "producer.env" $root | nindent 8 }}
      ports:
        - name: metrics
          containerPort: {{ $root.Values.settings.metricsPort }}
      resources:
        {{- toYaml $root.Values.replay.resources | nindent 8 }}
      volumeMounts:
        {{- include "producer.volumeMounts" $root | nindent 8 }}
  volumes:
    {{- include "producer.volumes" $root | nindent 4 }}
{{- end }}
