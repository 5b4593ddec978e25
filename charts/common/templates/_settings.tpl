{{/*
A `settings` map as environment variables: batchRows under the prefix ISOBAR_SINKS_ becomes ISOBAR_SINKS_BATCH_ROWS. The
names are those of the settings class, so that a value needs no line of its own in any template; a null is left to the
class's own default. (dict "prefix" "ISOBAR_SINKS_" "settings" .Values.settings)
*/}}
{{- define "common.settings" -}}
{{- $prefix := .prefix -}}
{{- range $name, $value := .settings }}
{{- if not (kindIs "invalid" $value) }}
{{ $prefix }}{{ $name | snakecase | upper }}: {{ include "common.scalar" $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Helm reads numbers as floats, and writes large ones as 1e+06, which no settings class takes for a whole number. */}}
{{- define "common.scalar" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end }}

{{/* Names of topics: shared by all parts, so they are global values. */}}
{{- define "common.topicSettings" -}}
{{- include "common.settings" (dict "prefix" "ISOBAR_TOPICS_" "settings" (.Values.global.topics | default dict)) -}}
{{- end }}
