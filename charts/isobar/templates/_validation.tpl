{{/* Mistakes across the parts, and operators that are missing: one sentence each. */}}
{{- define "isobar.validate" -}}
{{- $missing := list -}}
{{- if .Values.apiChecks -}}
{{- if and .Values.kafka.enabled (eq .Values.kafka.provider "strimzi") (not (.Capabilities.APIVersions.Has "kafka.strimzi.io/v1")) -}}
{{- $missing = append $missing "kafka.strimzi.io/v1 (Strimzi)" -}}
{{- end -}}
{{- if and .Values.flink.enabled (eq .Values.flink.provider "operator") (not (.Capabilities.APIVersions.Has "flink.apache.org/v1beta1")) -}}
{{- $missing = append $missing "flink.apache.org/v1beta1 (the Flink Kubernetes Operator)" -}}
{{- end -}}
{{- if $missing -}}
{{- fail (printf "the cluster has no %s: run scripts/install-operators, or install with -f charts/isobar/values-no-operators.yaml (--set apiChecks=false only renders)" (join " and no " $missing)) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.sinks.enabled (not .Values.postgres.enabled) (not (dig "postgres" "existingSecret" "" .Values.sinks)) -}}
{{- fail "sinks.postgres.existingSecret is empty: expected the name of a Secret with your database's connection string (postgres.enabled is false)" -}}
{{- end -}}
{{- end }}

{{/* For NOTES.txt: what brings observations. */}}
{{- define "isobar.producing" -}}
{{- $what := list -}}
{{- if .Values.producer.replay.enabled }}{{ $what = append $what "a replay of recorded observations" }}{{ end -}}
{{- range $source, $poller := .Values.producer.weather }}
{{- if $poller.enabled }}{{ $what = append $what (printf "live observations of %s" $source) }}{{ end -}}
{{- end -}}
{{- join ", " $what | default "nothing yet" -}}
{{- end }}

{{- define "isobar.nextStep" -}}
{{- if not .Values.producer.enabled -}}
publish observations to topic {{ .Values.global.topics.prefix }}{{ .Values.global.topics.observations }}.
{{- else if eq (include "isobar.producing" .) "nothing yet" -}}
live observations, by --set producer.weather.openweather.enabled=true with places and the Secret of your key (docs/install.md).
{{- else if eq .Values.kafka.provider "standalone" -}}
for more than an evaluation, charts/isobar/values-production.yaml (docs/install.md).
{{- else -}}
docs/operations.md says how to upgrade, scale, restore and uninstall.
{{- end -}}
{{- end }}
