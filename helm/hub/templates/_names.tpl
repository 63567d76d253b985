{{- define "archive-hub.labels" -}}
app.kubernetes.io/name: archive-hub
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "archive-hub.daskNamespace" -}}
{{ (index .Values "dask-gateway").gateway.backend.namespace }}
{{- end }}

{{/* The public network: data, packages, the archive's API. */}}
{{- define "archive-hub.publicEgress" -}}
- to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except:
          {{- toYaml .Values.network.private | nindent 10 }}
  ports:
    {{- range .Values.network.ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}

{{- define "archive-hub.dnsEgress" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}

{{- define "archive-hub.image" -}}
{{ .name }}:{{ .tag }}
{{- end }}

{{/* Of each container of the stand-ins' pod. */}}
{{- define "archive-hub.standinsContainer" -}}
volumeMounts:
  - {name: ground, mountPath: /ground}
resources:
  requests: {cpu: 50m, memory: 128Mi}
  limits: {memory: 2Gi}
securityContext:
  {{- include "archive-hub.restricted" . | nindent 2 }}
{{- end }}

{{/* With a pod that names its user: Pod Security "restricted". */}}
{{- define "archive-hub.restricted" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
{{- end }}
