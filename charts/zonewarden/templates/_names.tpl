{{- /* Labels of what the chart itself makes. Copies of config/ have part-of alone, so that
an upgrade changes no object for the sake of a version. */ -}}
{{- define "zonewarden.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: zonewarden
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "zonewarden.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{ .Values.image.repository }}:{{ $tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* What a chart cannot put right is said before anything is sent. */ -}}
{{- define "zonewarden.check" -}}
{{- if ne .Release.Namespace "zonewarden-system" }}
{{- fail (printf "\n\nInstall it into the namespace zonewarden-system, not %s: add --namespace zonewarden-system.\nThe admission policies that guard the audit trail and the keys know the namespace by that name, and they stay when the release goes." .Release.Namespace) }}
{{- end }}
{{- if not (or .Values.crds.enabled (.Capabilities.APIVersions.Has "zonewarden.io/v1alpha1/Site")) }}
{{- fail "\n\ncrds.enabled is false and the cluster does not know the kinds of zonewarden.io: install the definitions first.\nWithout them the guard refuses every new pod outside of kube-system." }}
{{- end }}
{{- if ne (empty .Values.syslog.address) (empty .Values.syslog.secretName) }}
{{- fail "\n\nsyslog.address and syslog.secretName belong together: there is no syslog without TLS" }}
{{- end }}
{{- if and .Values.site.create (empty .Values.site.spec) }}
{{- fail "\n\nsite.create is true and site.spec is empty: say which plant it is, or create the Site beside the chart" }}
{{- end }}
{{- end }}
