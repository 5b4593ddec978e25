{{/* The module openings that Flink needs on Java 17 and later; a test compares them with those that Flink ships. */}}
{{- define "jobs.javaOptions" -}}
--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED --add-exports=jdk.compiler/com.sun.tools.javac.api=ALL-UNNAMED --add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED --add-exports=jdk.compiler/com.sun.tools.javac.parser=ALL-UNNAMED --add-exports=jdk.compiler/com.sun.tools.javac.tree=ALL-UNNAMED --add-exports=jdk.compiler/com.sun.tools.javac.util=ALL-UNNAMED --add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.net=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-opens=java.base/java.lang.reflect=ALL-UNNAMED --add-opens=java.base/java.text=ALL-UNNAMED --add-opens=java.base/java.time=ALL-UNNAMED --add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.util.concurrent=ALL-UNNAMED --add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED --add-opens=java.base/java.util.concurrent.locks=ALL-UNNAMED
{{- end }}

{{- define "jobs.stateDir" -}}/opt/flink/state{{- end }}

{{/* Where state goes, as an address. */}}
{{- define "jobs.stateUri" -}}
{{- if eq .Values.state.storage "s3" -}}
{{- required "flink.state.s3.uri is empty: expected s3://bucket/path (flink.state.storage is s3)" .Values.state.s3.uri | trimSuffix "/" -}}
{{- else -}}
file://{{ include "jobs.stateDir" . }}
{{- end -}}
{{- end }}

{{- define "jobs.claimName" -}}
{{- .Values.state.pvc.existingClaim | default (printf "%s-state" (include "common.fullname" .)) -}}
{{- end }}

{{/* What the driver is told by the ConfigMap. */}}
{{- define "jobs.environment" -}}
{{- include "common.kafka.settings" . }}
{{- include "common.topicSettings" . }}
{{- include "common.settings" (dict "prefix" "ISOBAR_JOBS_" "settings" .Values.settings) }}
ISOBAR_JOBS_CHECKPOINT_DIR: {{ include "jobs.stateUri" . }}/checkpoints
{{- end }}

{{/* Flink's configuration, the same under both providers. */}}
{{- define "jobs.flinkConfig" -}}
{{- $own := include "jobs.flinkConfigOwn" . | fromYaml -}}
{{- range $name, $value := mergeOverwrite $own (deepCopy .Values.config) }}
{{ $name }}: {{ include "common.scalar" $value | quote }}
{{- end }}
{{- end }}

{{- define "jobs.flinkConfigOwn" -}}
{{- $state := include "jobs.stateUri" . -}}
env.java.opts.all: {{ include "jobs.javaOptions" . }}
high-availability.type: kubernetes
high-availability.storageDir: {{ $state }}/ha
execution.checkpointing.dir: {{ $state }}/checkpoints
execution.checkpointing.savepoint-dir: {{ $state }}/savepoints
execution.checkpointing.externalized-checkpoint-retention: RETAIN_ON_CANCELLATION
# Fixed ports, so that probes and network policies can name them; high availability would choose its own.
jobmanager.rpc.port: "6123"
high-availability.jobmanager.port: "6123"
blob.server.port: "6124"
rest.port: "8081"
taskmanager.rpc.port: "6122"
taskmanager.data.port: "6121"
taskmanager.numberOfTaskSlots: {{ .Values.taskManager.slots | quote }}
# What SQL operators buffer; state is on the heap.
taskmanager.memory.managed.size: 256m
# Throughput counts more than short pauses.
env.java.opts.taskmanager: -XX:+UseParallelGC
python.client.executable: /opt/venv/bin/python
python.executable: /opt/venv/bin/python
io.tmp.dirs: /tmp
web.submit.enable: "false"
metrics.reporters: prom
metrics.reporter.prom.factory.class: org.apache.flink.metrics.prometheus.PrometheusReporterFactory
metrics.reporter.prom.port: {{ .Values.metrics.port | quote }}
{{- if eq .Values.state.storage "s3" }}
{{- with .Values.state.s3.endpoint }}
s3.endpoint: {{ . }}
{{- end }}
s3.path.style.access: {{ .Values.state.s3.pathStyleAccess | quote }}
{{- end }}
{{- end }}

{{/* Writable places on a read-only root, and the certificate of Kafka's authority. */}}
{{- define "jobs.volumes" -}}
{{ include "common.kafka.volume" . }}
- name: tmp
  emptyDir: {}
- name: log
  emptyDir: {}
{{- if eq .Values.state.storage "pvc" }}
- name: state
  persistentVolumeClaim:
    claimName: {{ include "jobs.claimName" . }}
{{- end }}
{{- end }}

{{- define "jobs.volumeMounts" -}}
{{ include "common.kafka.volumeMount" . }}
- name: tmp
  mountPath: /tmp
- name: log
  mountPath: /opt/flink/log
{{- if eq .Values.state.storage "pvc" }}
- name: state
  mountPath: {{ include "jobs.stateDir" . }}
{{- end }}
{{- end }}

{{/* Keys of S3 for every Flink process, where the pod has no identity of its own. */}}
{{- define "jobs.s3Env" -}}
{{- if and (eq .Values.state.storage "s3") .Values.state.s3.existingSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ .Values.state.s3.existingSecret }}
      key: access-key
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .Values.state.s3.existingSecret }}
      key: secret-key
{{- end }}
{{- end }}

{{/* What starts the job: Flink's Python driver with the job's file. */}}
{{- define "jobs.driverClass" -}}org.apache.flink.client.python.PythonDriver{{- end }}
{{- define "jobs.driverJar" -}}local:///opt/flink/opt/flink-python-2.2.1.jar{{- end }}
{{- define "jobs.driverArgs" -}}
- -pyclientexec
- /opt/venv/bin/python
- -py
- /opt/isobar/jobs/process_weather.py
{{- end }}

{{/* Mistakes across values. */}}
{{- define "jobs.validate" -}}
{{- $s := .Values.settings -}}
{{- $slots := mul .Values.taskManager.replicas .Values.taskManager.slots -}}
{{- if and (eq .Values.provider "standalone") (lt (int $slots) (int $s.parallelism)) -}}
{{- fail (printf "flink.taskManager.replicas × flink.taskManager.slots is %d: expected at least flink.settings.parallelism, which is %d, or the job waits for slots for ever" (int $slots) (int $s.parallelism)) -}}
{{- end -}}
{{- $least := add (int $s.checkpointIntervalMs) 120000 -}}
{{- if and (eq $s.deliveryGuarantee "exactly-once") (lt (int $s.transactionTimeoutMs) (int $least)) -}}
{{- fail (printf "flink.settings.transactionTimeoutMs is %d: exactly-once needs at least %d (flink.settings.checkpointIntervalMs + a restart of 120 s), or a slow restart loses what it had checkpointed" (int $s.transactionTimeoutMs) (int $least)) -}}
{{- end -}}
{{- if gt (int $s.transactionTimeoutMs) 900000 -}}
{{- fail (printf "flink.settings.transactionTimeoutMs is %d: expected at most 900000, which brokers of these charts allow (transaction.max.timeout.ms)" (int $s.transactionTimeoutMs)) -}}
{{- end -}}
{{- end }}

{{/* The umbrella asks for all its parts and turns this off. */}}
{{- define "jobs.checkApi" -}}
{{- if and .Values.apiChecks (not (.Capabilities.APIVersions.Has "flink.apache.org/v1beta1")) -}}
{{- fail (include "common.missingApi" (dict "api" "flink.apache.org/v1beta1" "operator" "the Flink Kubernetes Operator" "value" "provider=standalone")) -}}
{{- end -}}
{{- end }}
