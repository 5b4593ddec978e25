{{/* Flink's configuration as files, with what an operator would add. */}}
{{- define "jobs.standalone.files" -}}
config.yaml: |
  {{- include "jobs.flinkConfig" . | trim | nindent 2 }}
  kubernetes.cluster-id: {{ include "common.fullname" . | quote }}
  kubernetes.namespace: {{ .Release.Namespace | quote }}
  jobmanager.bind-host: 0.0.0.0
  jobmanager.memory.process.size: {{ .Values.jobManager.processMemory | quote }}
  rest.bind-address: 0.0.0.0
  taskmanager.bind-host: 0.0.0.0
  taskmanager.memory.process.size: {{ .Values.taskManager.processMemory | quote }}
  {{- with .Values.state.restoreFrom }}
  execution.state-recovery.path: {{ . | quote }}
  {{- end }}
log4j-console.properties: |
  rootLogger.level = INFO
  rootLogger.appenderRef.console.ref = Console
  appender.console.name = Console
  appender.console.type = CONSOLE
  appender.console.layout.type = PatternLayout
  appender.console.layout.pattern = %d{ISO8601} %-5p %c{1} - %m%n
  logger.kafka.name = org.apache.kafka
  logger.kafka.level = WARN
  logger.shadedkafka.name = org.apache.flink.kafka.shaded.org.apache.kafka
  logger.shadedkafka.level = WARN
{{- end }}

{{/* What both kinds of pods share: (dict "root" . "component" "jobmanager" "values" .Values.jobManager). */}}
{{- define "jobs.standalone.pod" -}}
{{- include "common.imagePullSecrets" .root }}
serviceAccountName: {{ include "common.serviceAccountName" .root }}
# High availability is a conversation with the API server.
automountServiceAccountToken: true
enableServiceLinks: false
securityContext:
  {{- include "common.podSecurityContext" (dict "root" .root "uid" 9999) | nindent 2 }}
{{- include "common.scheduling" . }}
volumes:
  - name: config
    configMap:
      name: {{ include "common.fullname" .root }}-flink
  {{- include "jobs.volumes" .root | nindent 2 }}
{{- end }}

{{- define "jobs.standalone.container" -}}
image: {{ include "common.image" (dict "root" . "image" .Values.image) }}
imagePullPolicy: {{ include "common.imagePullPolicy" (dict "root" . "image" .Values.image) }}
securityContext:
  {{- include "common.securityContext" . | nindent 2 }}
{{- end }}

{{- define "jobs.standalone.volumeMounts" -}}
- name: config
  mountPath: /etc/isobar/flink
  readOnly: true
{{ include "jobs.volumeMounts" . }}
{{- end }}

{{- define "jobs.standalone.env" -}}
- name: FLINK_CONF_DIR
  value: /etc/isobar/flink
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
{{ include "common.pythonEnv" . }}
{{- include "jobs.s3Env" . }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What a plan is made of. */}}
{{- define "jobs.standalone.planned" -}}
{{- include "jobs.standalone.files" . }}{{ include "jobs.environment" . }}{{ include "common.image" (dict "root" . "image" .Values.image) }}
{{- end }}

{{/* A new plan restarts all of Flink. (dict "root" . "text" …) */}}
{{- define "jobs.standalone.annotations" -}}
checksum/config: {{ sha256sum .text }}
{{- with .root.Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The job's id: fixed, so that a job manager finds what its predecessor kept. */}}
{{- define "jobs.standalone.jobId" -}}
{{- .Values.settings.jobId | sha256sum | trunc 32 -}}
{{- end }}
