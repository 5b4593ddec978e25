{{/*
The way to Kafka. The kafka chart leaves a ConfigMap (address, protocol, certificate) under a name made of the release,
and a Secret per component under another; whoever is a client finds both by these names, whatever the provider. A part
that is installed without the kafka chart gives the connection in its own `kafka` values instead.
*/}}
{{- define "common.kafka.clientConfig" -}}
{{- .Values.kafka.clientConfig | default (printf "%s-kafka-client" .Release.Name) -}}
{{- end }}

{{/* User and Secret of a component: (dict "root" . "component" "sinks"). */}}
{{- define "common.kafka.user" -}}
{{- printf "%s-kafka-%s" .root.Release.Name .component -}}
{{- end }}

{{/* Where clients find the certificate of the authority that signed the brokers' certificates. */}}
{{- define "common.kafka.caDir" -}}/etc/isobar/kafka-ca{{- end }}
{{- define "common.kafka.caFile" -}}{{ include "common.kafka.caDir" . }}/ca.crt{{- end }}
{{/* Strimzi's lies beside it: the API server refuses two optional sources with one path. */}}
{{- define "common.kafka.strimziCaFile" -}}{{ include "common.kafka.caDir" . }}/strimzi/ca.crt{{- end }}

{{/* Connection settings of a part that was given them itself; nothing where the kafka chart says them. */}}
{{- define "common.kafka.settings" -}}
{{- with .Values.kafka }}
{{- if .bootstrapServers }}
ISOBAR_KAFKA_BOOTSTRAP_SERVERS: {{ .bootstrapServers | quote }}
ISOBAR_KAFKA_SECURITY_PROTOCOL: {{ .securityProtocol | quote }}
ISOBAR_KAFKA_SASL_MECHANISM: {{ .saslMechanism | quote }}
{{- if .caSecret }}
ISOBAR_KAFKA_SSL_CA_LOCATION: {{ include "common.kafka.caFile" $ | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "common.kafka.envFrom" -}}
{{- if not .Values.kafka.bootstrapServers }}
- configMapRef:
    name: {{ include "common.kafka.clientConfig" . }}
{{- end }}
{{- end }}

{{/* User and password; a client without either (mTLS aside) has `kafka.authentication: none`. */}}
{{- define "common.kafka.env" -}}
{{- $user := include "common.kafka.user" . -}}
{{- with .root.Values.kafka }}
{{- if ne .authentication "none" }}
- name: ISOBAR_KAFKA_SASL_USERNAME
  value: {{ .username | default $user | quote }}
- name: ISOBAR_KAFKA_SASL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret | default $user }}
      key: {{ .passwordKey }}
{{- end }}
{{- end }}
{{- end }}

{{- define "common.kafka.volumeMount" -}}
- name: kafka-ca
  mountPath: {{ include "common.kafka.caDir" . }}
  readOnly: true
{{- end }}

{{/*
Strimzi keeps the certificate in a Secret named after its cluster, an external cluster's stands in the ConfigMap; without
TLS there is neither.
*/}}
{{- define "common.kafka.volume" -}}
- name: kafka-ca
  {{- if .Values.kafka.caSecret }}
  secret:
    secretName: {{ .Values.kafka.caSecret }}
    items:
      - key: {{ .Values.kafka.caKey }}
        path: ca.crt
  {{- else }}
  projected:
    sources:
      - configMap:
          name: {{ include "common.kafka.clientConfig" . }}
          optional: true
          items:
            - key: ca.crt
              path: ca.crt
      - secret:
          name: {{ .Release.Name }}-cluster-ca-cert
          optional: true
          items:
            - key: ca.crt
              path: strimzi/ca.crt
  {{- end }}
{{- end }}
