{{/*
A deployable has one name everywhere. In the umbrella the jobs chart goes by the alias `flink` (its values are those of
Flink), which changes .Chart.Name; its resources keep the name jobs.
*/}}
{{- define "common.name" -}}
{{- get (dict "flink" "jobs") .Chart.Name | default .Chart.Name -}}
{{- end }}

{{/* Release and deployable: `isobar-sinks`; a chart installed alone under its own name is just that: `sinks`. */}}
{{- define "common.fullname" -}}
{{- $name := include "common.name" . -}}
{{- if eq .Release.Name $name -}}
{{- $name -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name -}}
{{- end -}}
{{- end }}

{{/* The ServiceAccount that pods run under. */}}
{{- define "common.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "common.fullname" .) -}}
{{- end }}
