{{/*
Each chart states the flows of its own pods; what it does not name is denied, in both directions. Who talks to Kafka is
stated by the kafka chart, which alone knows where Kafka is.
*/}}
{{- define "common.networkPolicy.dns" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns.to | nindent 4 }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}

{{/* Prometheus, from wherever it is allowed to come: (dict "root" . "port" 9102) */}}
{{- define "common.networkPolicy.metrics" -}}
{{- with .root.Values.networkPolicy.metricsFrom }}
- from:
    {{- toYaml . | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ $.port }}}
{{- end }}
{{- end }}

{{/* A part that was told of a Kafka in its own values reaches it by the ports named there. */}}
{{- define "common.networkPolicy.ownKafka" -}}
{{- with .Values.kafka.bootstrapServers }}
- ports:
    {{- range splitList "," . | uniq }}
    - {protocol: TCP, port: {{ splitList ":" . | last }}}
    {{- end }}
{{- end }}
{{- end }}
