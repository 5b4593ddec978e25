{{/* What selects the pods of a deployable; never changes in an installation's life. (dict "root" . "component" "") */}}
{{- define "common.selectorLabels" -}}
app.kubernetes.io/name: {{ include "common.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* Every resource's labels. */}}
{{- define "common.labels" -}}
{{ include "common.selectorLabels" . }}
app.kubernetes.io/part-of: isobar
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (include "common.name" .root) .root.Chart.Version | replace "+" "_" }}
{{- with dig "commonLabels" dict .root.Values.global }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A pod's labels: without versions, so that a new chart alone restarts nothing. */}}
{{- define "common.podLabels" -}}
{{ include "common.selectorLabels" . }}
app.kubernetes.io/part-of: isobar
{{- with dig "commonLabels" dict .root.Values.global }}
{{ toYaml . }}
{{- end }}
{{- end }}
