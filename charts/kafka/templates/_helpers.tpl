{{/* Address, protocol and certificate by provider: what clients are told. */}}
{{- define "kafka.bootstrapService" -}}
{{- printf "%s-kafka-bootstrap" .Release.Name -}}
{{- end }}

{{- define "kafka.bootstrapServers" -}}
{{- if eq .Values.provider "external" -}}
{{- required "kafka.external.bootstrapServers is empty: expected host:port of the Kafka that exists (kafka.provider is external)" .Values.external.bootstrapServers -}}
{{- else -}}
{{- printf "%s.%s.svc:%s" (include "kafka.bootstrapService" .) .Release.Namespace (ternary "9093" "9092" (eq .Values.provider "strimzi")) -}}
{{- end -}}
{{- end }}

{{- define "kafka.securityProtocol" -}}
{{- get (dict "strimzi" "SASL_SSL" "standalone" "SASL_PLAINTEXT" "external" .Values.external.securityProtocol) .Values.provider -}}
{{- end }}

{{- define "kafka.saslMechanism" -}}
{{- if eq .Values.provider "external" -}}{{ .Values.external.saslMechanism }}{{- else -}}SCRAM-SHA-512{{- end -}}
{{- end }}

{{/* Whether clients have a certificate to check the brokers by. */}}
{{- define "kafka.hasCa" -}}
{{- if or (eq .Values.provider "strimzi") (and (eq .Values.provider "external") .Values.external.caCertificate) -}}true{{- end -}}
{{- end }}

{{/* The generated catalogue under this installation's names. */}}
{{- define "kafka.catalogue" -}}
{{- $topics := .Values.global.topics | default dict -}}
{{- .Files.Get "files/catalogue.yaml" | replace "<prefix>" ($topics.prefix | default "") | replace "<observations>" ($topics.observations | default "weather.observations") -}}
{{- end }}

{{/* A component's user: its name is also that of its Secret. (dict "root" . "component" "sinks") */}}
{{- define "kafka.user" -}}
{{- include "common.kafka.user" . -}}
{{- end }}

{{/* Pods that are clients of Kafka, as peers of a NetworkPolicy. */}}
{{- define "kafka.clientPeers" -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/instance: {{ .Release.Name }}
      app.kubernetes.io/part-of: isobar
    matchExpressions:
      - key: app.kubernetes.io/name
        operator: In
        values: {{ include "kafka.clientNames" . }}
{{- end }}

{{/* Deployables that are clients; isobar is the pod of `helm test`. */}}
{{- define "kafka.clientNames" -}}
[producer, jobs, sinks, isobar]
{{- end }}
