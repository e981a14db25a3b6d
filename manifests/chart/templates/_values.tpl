{{/* What the values change of the objects, in place. */}}
{{- define "pidguard.adapt" -}}
{{- $v := .root.Values -}}
{{- $objects := .objects -}}
{{- include "pidguard.workload" (dict "root" .root "object" (index $objects "Deployment/pidguard") "own" $v "env" true) -}}
{{- include "pidguard.workload" (dict "root" .root "object" (index $objects "Deployment/pidguard-controller") "own" $v.controller) -}}
{{- with index $objects "Deployment/pidguard-guard" -}}
  {{- /* One writer, never two at a time: its replicas and its strategy are not values. */ -}}
  {{- include "pidguard.workload" (dict "root" $.root "object" . "own" (omit $v "replicaCount" "strategy") "env" true) -}}
  {{- if $v.components.kubeletInsecure -}}
    {{- $container := index .spec.template.spec.containers 0 -}}
    {{- $_ := set $container "args" (append $container.args "--kubelet-insecure") -}}
  {{- end -}}
{{- end -}}
{{- if not $v.namespace.create -}}{{- $_ := unset $objects (printf "Namespace/%s" .root.Release.Namespace) -}}{{- end -}}
{{- $unwanted := list -}}
{{- if not $v.resourceQuota.enabled -}}{{- $unwanted = append $unwanted "ResourceQuota" -}}{{- end -}}
{{- if not $v.networkPolicy.enabled -}}{{- $unwanted = append $unwanted "NetworkPolicy" -}}{{- end -}}
{{- if not $v.serviceAccount.create -}}{{- $unwanted = append $unwanted "ServiceAccount" -}}{{- end -}}
{{- if not $v.monitoring.alerts -}}{{- $unwanted = append $unwanted "PrometheusRule" -}}{{- end -}}
{{- if not $v.rbac.create -}}{{- $unwanted = concat $unwanted (list "Role" "RoleBinding" "ClusterRole" "ClusterRoleBinding") -}}{{- end -}}
{{- range $key, $object := $objects -}}{{- if has $object.kind $unwanted -}}{{- $_ := unset $objects $key -}}{{- end -}}{{- end -}}
{{- if not $v.monitoring.dashboard -}}{{- $_ := unset $objects "ConfigMap/pidguard-dashboard" -}}{{- end -}}
{{- if $v.policy -}}
  {{- $policy := dict "apiVersion" "pidguard.io/v1alpha1" "kind" "PidGuardPolicy" "metadata" (dict "name" "default") "spec" $v.policy -}}
  {{- $_ := set (index $objects "ConfigMap/pidguard-policy") "data" (dict "policy.yaml" (toYaml $policy)) -}}
{{- end -}}
{{- range $kind := list "MutatingWebhookConfiguration" "ValidatingWebhookConfiguration" -}}
  {{- $configuration := index $objects (printf "%s/pidguard" $kind) -}}
  {{- if $v.webhookAnnotations -}}
    {{- $_ := set $configuration.metadata "annotations" (mergeOverwrite (dict) (default dict $configuration.metadata.annotations) $v.webhookAnnotations) -}}
  {{- end -}}
  {{- range $webhook := $configuration.webhooks -}}
    {{- if $v.timeoutSeconds -}}{{- $_ := set $webhook "timeoutSeconds" $v.timeoutSeconds -}}{{- end -}}
    {{- if $webhook.namespaceSelector -}}
      {{- with $v.namespaceSelector.matchLabels -}}
        {{- $_ := set $webhook.namespaceSelector "matchLabels" (mergeOverwrite (dict) (default dict $webhook.namespaceSelector.matchLabels) .) -}}
      {{- end -}}
      {{- range $webhook.namespaceSelector.matchExpressions -}}
        {{- if and $v.excludedNamespaces (eq .key "kubernetes.io/metadata.name") (eq .operator "NotIn") -}}
          {{- $_ := set . "values" (concat .values $v.excludedNamespaces) -}}
        {{- end -}}
      {{- end -}}
      {{- with $v.namespaceSelector.matchExpressions -}}
        {{- $_ := set $webhook.namespaceSelector "matchExpressions" (concat (default list $webhook.namespaceSelector.matchExpressions) .) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $name := list "Service/pidguard" "Service/pidguard-guard" -}}
  {{- with index $objects $name -}}
    {{- if $v.service.annotations -}}{{- $_ := set .metadata "annotations" $v.service.annotations -}}{{- end -}}
    {{- if $v.service.labels -}}{{- $_ := set .metadata "labels" (mergeOverwrite (dict) $v.service.labels .metadata.labels) -}}{{- end -}}
    {{- if $v.service.ipFamilyPolicy -}}{{- $_ := set .spec "ipFamilyPolicy" $v.service.ipFamilyPolicy -}}{{- end -}}
    {{- if $v.service.ipFamilies -}}{{- $_ := set .spec "ipFamilies" $v.service.ipFamilies -}}{{- end -}}
  {{- end -}}
{{- end -}}
{{- range $key, $object := $objects -}}
  {{- if and (eq $object.kind "ServiceAccount") $v.serviceAccount.annotations -}}
    {{- $_ := set $object.metadata "annotations" (mergeOverwrite (dict) (default dict $object.metadata.annotations) $v.serviceAccount.annotations) -}}
  {{- end -}}
  {{- if and (has $object.kind (list "ServiceMonitor" "PrometheusRule" "PodMonitor")) $v.monitoring.labels -}}
    {{- $_ := set $object.metadata "labels" (mergeOverwrite (dict) (default dict $object.metadata.labels) $v.monitoring.labels) -}}
  {{- end -}}
  {{- if and (eq $object.kind "ServiceMonitor") $v.monitoring.interval -}}
    {{- range $object.spec.endpoints -}}{{- $_ := set . "interval" $v.monitoring.interval -}}{{- end -}}
  {{- end -}}
  {{- if $v.commonLabels -}}
    {{- $_ := set $object.metadata "labels" (mergeOverwrite (dict) $v.commonLabels (default dict $object.metadata.labels)) -}}
  {{- end -}}
  {{- if $v.commonAnnotations -}}
    {{- $_ := set $object.metadata "annotations" (mergeOverwrite (dict) $v.commonAnnotations (default dict $object.metadata.annotations)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* One Deployment: `own` holds the values of its name, and everything of both is in the root. */}}
{{- define "pidguard.workload" -}}
{{- $v := .root.Values -}}
{{- $own := .own -}}
{{- $spec := .object.spec -}}
{{- $pod := $spec.template.spec -}}
{{- $container := index $pod.containers 0 -}}
{{- $_ := set $container "image" (include "pidguard.image" .root) -}}
{{- if $v.image.pullPolicy -}}{{- $_ := set $container "imagePullPolicy" $v.image.pullPolicy -}}{{- end -}}
{{- if $v.imagePullSecrets -}}{{- $_ := set $pod "imagePullSecrets" $v.imagePullSecrets -}}{{- end -}}
{{- if $own.replicaCount -}}{{- $_ := set $spec "replicas" $own.replicaCount -}}{{- end -}}
{{- if $own.resources -}}{{- $_ := set $container "resources" $own.resources -}}{{- end -}}
{{- if $own.extraArgs -}}{{- $_ := set $container "args" (concat $container.args $own.extraArgs) -}}{{- end -}}
{{- $env := concat (default list $container.env) (default list $own.extraEnv) -}}
{{- range $port := $container.ports -}}
  {{- with index $v.ports $port.name -}}
    {{- $_ := set $port "containerPort" . -}}
    {{- if $port.hostPort -}}{{- $_ := set $port "hostPort" . -}}{{- end -}}
    {{- $variable := ternary "PIDGUARD_PORT" "PIDGUARD_PROBE_PORT" (eq $port.name "admission") -}}
    {{- $others := list -}}
    {{- range $env -}}{{- if ne .name $variable -}}{{- $others = append $others . -}}{{- end -}}{{- end -}}
    {{- $env = append $others (dict "name" $variable "value" (toString .)) -}}
  {{- end -}}
{{- end -}}
{{- if $v.logLevel -}}{{- $env = append $env (dict "name" "PIDGUARD_LOG_LEVEL" "value" $v.logLevel) -}}{{- end -}}
{{- if $env -}}{{- $_ := set $container "env" $env -}}{{- end -}}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName" "dnsPolicy" "dnsConfig" "terminationGracePeriodSeconds" "runtimeClassName" -}}
  {{- with index $own $key -}}{{- $_ := set $pod $key . -}}{{- end -}}
{{- end -}}
{{- range $key := list "livenessProbe" "readinessProbe" -}}
  {{- with index $own $key -}}{{- $_ := set $container $key (mergeOverwrite (dict) (index $container $key) .) -}}{{- end -}}
{{- end -}}
{{- with $own.extraVolumes -}}{{- $_ := set $pod "volumes" (concat (default list $pod.volumes) .) -}}{{- end -}}
{{- with $own.extraVolumeMounts -}}{{- $_ := set $container "volumeMounts" (concat (default list $container.volumeMounts) .) -}}{{- end -}}
{{- with $own.strategy -}}{{- $_ := set $spec "strategy" . -}}{{- end -}}
{{- with $own.revisionHistoryLimit -}}{{- $_ := set $spec "revisionHistoryLimit" . -}}{{- end -}}
{{- with $own.podSecurityContext -}}{{- $_ := set $pod "securityContext" . -}}{{- end -}}
{{- with $own.securityContext -}}{{- $_ := set $container "securityContext" . -}}{{- end -}}
{{- with $own.deploymentAnnotations -}}
  {{- $_ := set $.object.metadata "annotations" (mergeOverwrite (dict) (default dict $.object.metadata.annotations) .) -}}
{{- end -}}
{{- $meta := $spec.template.metadata -}}
{{- with $own.podAnnotations -}}{{- $_ := set $meta "annotations" (mergeOverwrite (dict) (default dict $meta.annotations) .) -}}{{- end -}}
{{- with $own.podLabels -}}{{- $_ := set $meta "labels" (mergeOverwrite (dict) . (default dict $meta.labels)) -}}{{- end -}}
{{- end -}}

{{- define "pidguard.image" -}}
{{- with .Values.image -}}
{{- if .registry }}{{ .registry }}/{{ end }}{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end -}}
{{- end -}}
{{- end -}}
