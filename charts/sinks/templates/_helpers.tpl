{{/* What a sink is told by its ConfigMap. */}}
{{- define "sinks.environment" -}}
{{- include "common.kafka.settings" . }}
{{- include "common.topicSettings" . }}
{{- include "common.settings" (dict "prefix" "ISOBAR_SINKS_" "settings" .Values.settings) }}
ISOBAR_SINKS_POSTGRES_DSN_FILE: /etc/isobar/postgres/dsn
{{- end }}

{{- define "sinks.postgresSecret" -}}
{{- .Values.postgres.existingSecret | default (printf "%s-postgres" .Release.Name) -}}
{{- end }}
