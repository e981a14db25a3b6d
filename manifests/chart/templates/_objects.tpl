{{/* The overlays and components that the values ask for, in the order of test/support/chart.ts. */}}
{{- define "pidguard.parts" -}}
{{- $c := .Values.components -}}
{{- if .Values.observe }}observe,{{ end -}}
{{- if eq .Values.failurePolicy "Fail" }}strict,{{ end -}}
{{- if $c.matchConditions }}match-conditions,{{ end -}}
{{- if or $c.audit $c.auditReports }}audit,{{ end -}}
{{- if or $c.policyReports $c.auditReports }}policy-reports,{{ end -}}
{{- if $c.auditReports }}audit-reports,{{ end -}}
{{- if $c.calicoRepair }}calico-repair,{{ end -}}
{{- if .Values.certManager.enabled }}cert-manager,{{ end -}}
{{- if $c.flowControl }}flow-control,{{ end -}}
{{- if .Values.hostNetwork }}host-network,{{ end -}}
{{- if $c.kubeletInsecure }}kubelet-insecure,{{ end -}}
{{- if or $c.nodeTaints (eq .Values.guarding "guard") }}node-taints,{{ end -}}
{{- if .Values.monitoring.enabled }}monitoring,{{ end -}}
{{- if $c.ownRights }}own-rights,{{ end -}}
{{- if $c.fallback }}fallback,{{ end -}}
{{- if eq .Values.guarding "guard" -}}
{{- if $c.bindings }}{{ fail "guarding: guard has what components.bindings is half of: leave that off" }}{{ end -}}
guard,
{{- else if $c.bindings }}bindings,{{ end -}}
{{- if eq .Values.guarding "scheduler" }}scheduler,{{ end -}}
{{- end -}}

{{/* All objects as YAML: {objects: [...]}. The files are made from what kustomize makes of manifests. */}}
{{- define "pidguard.objects" -}}
{{- $root := . -}}
{{- $objects := dict -}}
{{- $base := .Files.Get "files/objects.yaml" | replace "pidguard-system" .Release.Namespace | fromYaml -}}
{{- range $base.objects -}}
  {{- $_ := set $objects (printf "%s/%s" .kind .metadata.name) . -}}
{{- end -}}
{{- range $name := include "pidguard.parts" . | splitList "," | compact -}}
  {{- $part := $root.Files.Get (printf "files/%s.yaml" $name) | replace "pidguard-system" $root.Release.Namespace | fromYaml -}}
  {{- range $part.add -}}
    {{- $_ := set $objects (printf "%s/%s" .kind .metadata.name) . -}}
  {{- end -}}
  {{- range $part.change -}}
    {{- $object := index $objects (printf "%s/%s" .kind .name) -}}
    {{- range .changes -}}
      {{- $holder := $object -}}
      {{- range initial .path -}}
        {{- if kindIs "string" . -}}{{- $holder = index $holder . -}}{{- else -}}{{- $holder = index $holder (int .) -}}{{- end -}}
      {{- end -}}
      {{- $key := last .path -}}
      {{- if eq .op "unset" -}}{{- $_ := unset $holder $key -}}
      {{- else if eq .op "set" -}}{{- $_ := set $holder $key .value -}}
      {{- else if eq .op "append" -}}{{- $_ := set $holder $key (concat (index $holder $key) .value) -}}
      {{- else -}}{{- $_ := set $holder $key (concat .value (index $holder $key)) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- include "pidguard.adapt" (dict "root" $root "objects" $objects) -}}
{{- toYaml (dict "objects" (values $objects)) -}}
{{- end -}}
