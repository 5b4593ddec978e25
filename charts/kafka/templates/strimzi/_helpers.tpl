{{/*
Strimzi's cluster has the release's name, so that its bootstrap service is <release>-kafka-bootstrap. Strimzi puts the
labels of its resources on the pods that it makes: without the chart's version, so that a new chart alone rolls no broker,
and without part-of, which would put those pods under our network policies beside Strimzi's own.
*/}}
{{- define "kafka.strimzi.ownLabels" -}}
{{- omit (include "common.labels" (dict "root" .) | fromYaml) "helm.sh/chart" "app.kubernetes.io/part-of" | toYaml -}}
{{- end }}

{{- define "kafka.strimzi.labels" -}}
strimzi.io/cluster: {{ .Release.Name }}
{{ include "kafka.strimzi.ownLabels" . }}
{{- end }}

{{- define "kafka.checkApi" -}}
{{- if and .Values.apiChecks (not (.Capabilities.APIVersions.Has "kafka.strimzi.io/v1")) -}}
{{- fail (include "common.missingApi" (dict "api" "kafka.strimzi.io/v1" "operator" "Strimzi" "value" "provider=standalone")) -}}
{{- end -}}
{{- end }}

{{/* What Pod Security `restricted` asks; the uid is that of Strimzi's images. */}}
{{- define "kafka.strimzi.podSecurityContext" -}}
{{- $own := dict "runAsNonRoot" true "fsGroup" 1001 "fsGroupChangePolicy" "OnRootMismatch" "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- toYaml (mergeOverwrite $own (deepCopy .Values.podSecurityContext)) -}}
{{- end }}

{{- define "kafka.strimzi.securityContext" -}}
{{- $own := dict "allowPrivilegeEscalation" false "capabilities" (dict "drop" (list "ALL")) -}}
{{- toYaml (mergeOverwrite $own (deepCopy .Values.securityContext)) -}}
{{- end }}

{{- define "kafka.strimzi.brokers" -}}
{{- $brokers := 0 -}}
{{- range .Values.strimzi.nodePools -}}
{{- if has "broker" .roles }}{{ $brokers = add $brokers .replicas }}{{ end -}}
{{- end -}}
{{- $brokers -}}
{{- end }}

{{- define "kafka.strimzi.validate" -}}
{{- $s := .Values.strimzi -}}
{{- $brokers := include "kafka.strimzi.brokers" . | int -}}
{{- $controllers := 0 -}}
{{- range $s.nodePools }}{{ if has "controller" .roles }}{{ $controllers = add $controllers .replicas }}{{ end }}{{ end -}}
{{- if lt $brokers 1 -}}
{{- fail "kafka.strimzi.nodePools has no replica with the role broker: expected at least 1" -}}
{{- end -}}
{{- if eq (mod $controllers 2) 0 -}}
{{- fail (printf "kafka.strimzi.nodePools has %d replicas with the role controller: expected an odd number, so that a majority can be had" (int $controllers)) -}}
{{- end -}}
{{- if gt (int $s.replicationFactor) $brokers -}}
{{- fail (printf "kafka.strimzi.replicationFactor is %d: expected at most %d, the brokers of kafka.strimzi.nodePools" (int $s.replicationFactor) $brokers) -}}
{{- end -}}
{{- if gt (int $s.minInsyncReplicas) (int $s.replicationFactor) -}}
{{- fail (printf "kafka.strimzi.minInsyncReplicas is %d: expected at most %d, which is kafka.strimzi.replicationFactor" (int $s.minInsyncReplicas) (int $s.replicationFactor)) -}}
{{- end -}}
{{- if and (gt (int $s.replicationFactor) 1) (eq (int $s.minInsyncReplicas) (int $s.replicationFactor)) -}}
{{- fail (printf "kafka.strimzi.minInsyncReplicas equals kafka.strimzi.replicationFactor, %d: expected fewer, or one broker that restarts stops every write" (int $s.minInsyncReplicas)) -}}
{{- end -}}
{{- end }}
