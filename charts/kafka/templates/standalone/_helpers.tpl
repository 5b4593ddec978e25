{{/*
Three listeners: clients come by SCRAM from outside the pod; controller and provisioner, both inside it, by loopback
listeners without a password, whose (anonymous) principal may do everything. From outside there is no anonymous principal.
*/}}
{{- define "kafka.standalone.config" -}}
{{- $clients := printf "%s.%s.svc:9092" (include "kafka.bootstrapService" .) .Release.Namespace -}}
process.roles: broker,controller
node.id: "1"
controller.quorum.bootstrap.servers: 127.0.0.1:9093
controller.listener.names: CONTROLLER
listeners: CLIENTS://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093,INTERNAL://127.0.0.1:9094
advertised.listeners: CLIENTS://{{ $clients }},CONTROLLER://127.0.0.1:9093,INTERNAL://127.0.0.1:9094
listener.security.protocol.map: CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT
inter.broker.listener.name: INTERNAL
listener.name.clients.sasl.enabled.mechanisms: SCRAM-SHA-512
listener.name.clients.scram-sha-512.sasl.jaas.config: org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name: org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users: User:ANONYMOUS
log.dirs: /var/lib/kafka/data
# A misspelt topic must be an error, not a new topic with default settings.
auto.create.topics.enable: "false"
group.initial.rebalance.delay.ms: "0"
# Internal topics: one node holds all, and few partitions make the first commit and transaction quick.
offsets.topic.replication.factor: "1"
offsets.topic.num.partitions: "4"
transaction.state.log.replication.factor: "1"
transaction.state.log.min.isr: "1"
transaction.state.log.num.partitions: "4"
share.coordinator.state.topic.replication.factor: "1"
share.coordinator.state.topic.min.isr: "1"
# Above the job's transaction timeout (15 min: Kafka's own default).
transaction.max.timeout.ms: "900000"
{{- end }}

{{/* What contracts.provision reads: topics, users, rights. */}}
{{- define "kafka.standalone.provision" -}}
{{- $catalogue := include "kafka.catalogue" . | fromYaml -}}
{{- $users := dict -}}
{{- range $component, $acls := $catalogue.users -}}
{{- $_ := set $users (include "kafka.user" (dict "root" $ "component" $component)) (dict "acls" $acls "passwordFile" (printf "/etc/isobar/users/%s/password" $component)) -}}
{{- end -}}
{{- dict "topics" $catalogue.topics "replication" 1 "users" $users | toPrettyJson -}}
{{- end }}
