{{/* registry/repository:tag of an `image` value; the tag is the chart's appVersion unless given. */}}
{{- define "common.image" -}}
{{- $image := .image -}}
{{- $registry := $image.registry | default (dig "image" "registry" "" .root.Values.global) -}}
{{- $name := printf "%s:%s" $image.repository ($image.tag | default .root.Chart.AppVersion) -}}
{{- with $image.digest }}{{ $name = printf "%s@%s" $image.repository . }}{{ end -}}
{{- if $registry }}{{ printf "%s/%s" $registry $name }}{{ else }}{{ $name }}{{ end -}}
{{- end }}

{{- define "common.imagePullPolicy" -}}
{{- .image.pullPolicy | default (dig "image" "pullPolicy" "IfNotPresent" .root.Values.global) -}}
{{- end }}

{{- define "common.imagePullSecrets" -}}
{{- with dig "image" "pullSecrets" list .Values.global }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
