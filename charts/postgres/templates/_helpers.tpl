{{- define "postgres.secretName" -}}
{{- .Values.auth.existingSecret | default (include "common.fullname" .) -}}
{{- end }}

{{/* User and database; the image makes both at its first start. */}}
{{- define "postgres.user" -}}isobar{{- end }}
