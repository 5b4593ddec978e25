{{/* A part that is installed alone says it of its own operator; the umbrella has a sentence for both. */}}
{{- define "common.missingApi" -}}
the cluster has no {{ .api }}: run scripts/install-operators for {{ .operator }}, or install with --set {{ .value }} (--set apiChecks=false only renders)
{{- end }}
