// DaemonSets of Calico as distributions, mirrors, tools and people spell them: each is recognised, changed in two fields alone,
// and not a second time. What is made of them passes validate, and what stood beside those fields stays, comments too.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { parseAllDocuments } from 'yaml'

const program = join(import.meta.dirname, '../../dist/main.js')
const policy = `apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  calico: {iptablesBackend: NFT}
`

interface Shape {
  readonly apiVersion?: string
  readonly name?: string
  readonly labels?: string
  readonly strategy?: string
  readonly podSpec?: string
  readonly containers: string
}

function manifest({
  apiVersion = 'apps/v1',
  name = 'calico-node',
  labels = '{app: network}',
  strategy = '',
  podSpec = '',
  containers
}: Shape): string {
  return `apiVersion: ${apiVersion}
kind: DaemonSet
metadata:
  name: ${name} # the agent
  namespace: kube-system
spec:
  selector: {matchLabels: ${labels}}
${strategy}  template:
    metadata: {labels: ${labels}}
    spec:
      hostNetwork: true
${podSpec}      containers:
${containers}`
}

const manifests: Readonly<Record<string, string>> = {
  'RKE2, two containers, auto': manifest({
    name: 'rke2-canal',
    labels: '{k8s-app: canal}',
    strategy: '  updateStrategy:\n    rollingUpdate: {maxUnavailable: 1}\n    type: RollingUpdate\n',
    containers: `      - name: kube-flannel
        image: rancher/hardened-flannel:v0.26.1
        env: [{name: FELIX_IPTABLESBACKEND, value: keep me}]
      - name: calico-node
        image: rancher/hardened-calico:v3.30.3-build20251015
        env:
        - {name: DATASTORE_TYPE, value: kubernetes} # first
        - {name: FELIX_IPTABLESBACKEND, value: auto} # left to Felix
        - {name: FELIX_HEALTHENABLED, value: "true"}
`
  }),
  'a mirror by digest, no environment': manifest({
    labels: '{k8s-app: calico-node}',
    containers: `      - name: calico-node
        image: registry.corp.example/mirror/quay/calico/node@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        securityContext: {privileged: true}
`
  }),
  'kubespray, another spelling of the name': manifest({
    strategy: '  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 20%}}\n',
    containers: `        - name: calico-node
          image: "quay.io/calico/node:v3.29.1"
          env:
            # Felix' options
            - name: FELIX_IptablesBackend
              value: "Auto"
            - name: FELIX_LOGSEVERITYSCREEN
              value: "info"
`
  }),
  'two spellings and the wrong guess': manifest({
    labels: '{k8s-app: calico-node}',
    containers: `      - name: calico-node
        image: calico/node:v3.28.0
        env:
        - {name: felix_iptablesbackend, value: Legacy}
        - {name: NODENAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
        - {name: FELIX_IPTABLESBACKEND, value: NFT}
`
  }),
  'an old group, and a strategy without a type': manifest({
    apiVersion: 'extensions/v1beta1',
    labels: '{k8s-app: canal-node}',
    strategy: '  updateStrategy: {}\n',
    containers: `      - name: calico-node
        image: quay.io/calico/node:v3.8.9
        env: []
`
  }),
  'from a ConfigMap': manifest({
    containers: `      - name: calico-node
        image: docker.io/calico/node:v3.31.7
        env:
        - name: FELIX_IPTABLESBACKEND
          valueFrom:
            configMapKeyRef: {name: calico-config, key: backend}
        - {name: CALICO_IPV4POOL_CIDR, value: 10.42.0.0/16}
`
  }),
  'OnDelete with a rollingUpdate left behind': manifest({
    labels: '{k8s-app: calico-node}',
    strategy: '  updateStrategy: # by hand\n    type: OnDelete\n    rollingUpdate: {maxUnavailable: 1}\n',
    containers: `      - env: [{name: FELIX_HEALTHENABLED, value: "true"}]
        image: europe-docker.pkg.dev/project/releases/calico/node:v3.29.3
        name: calico-node
`
  }),
  'init containers, a sidecar, and an anchor': manifest({
    labels: '&labels {k8s-app: calico-node, tier: node}',
    podSpec: `      initContainers:
      - {name: install-cni, image: "calico/cni:v3.27.2", env: [{name: FELIX_IPTABLESBACKEND, value: auto}]}
`,
    containers: `      - name: log-shipper
        image: example.com/logs:2
      - name: calico-node
        image: calico/node:v3.27.2
        livenessProbe: {exec: {command: [/bin/calico-node, -felix-live]}}
        env:
        - {name: FELIX_DEFAULTENDPOINTTOHOSTACTION, value: ACCEPT}
`
  }),
  'a label alone says it': manifest({
    labels: '{k8s-app: rke2-canal}',
    containers: `      - {name: calico-node, image: "example.com/network-agent:7"}
`
  }),
  'kustomize: a prefix, a suffix, and a hash in a name': manifest({
    name: 'prod-calico-node-v2',
    labels: '{k8s-app: calico-node, env: prod}',
    containers: `      - name: calico-node
        image: registry.corp.example:5000/calico/node:v3.26.1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        envFrom:
        - configMapRef: {name: prod-kubernetes-services-endpoint-7t9k2h, optional: true}
        env:
        - {name: FELIX_IPTABLESBACKEND, value: AUTO} # first
`
  }),
  'envFrom of its own, and every kind of valueFrom': manifest({
    labels: '{k8s-app: calico-node}',
    containers: `      - name: calico-node
        image: calico/node:v3.30.0
        envFrom:
        - secretRef: {name: felix}
        - prefix: FELIX_
          configMapRef: {name: more}
        env:
        - name: NODENAME
          valueFrom: {fieldRef: {apiVersion: v1, fieldPath: spec.nodeName}}
        - name: CPUS
          valueFrom: {resourceFieldRef: {containerName: calico-node, resource: limits.cpu}}
        - name: FELIX_TYPHAK8SSERVICENAME
          valueFrom: {secretKeyRef: {name: typha, key: name}}
        - name: FELIX_LOGFILEPATH
          value: /var/log/$(NODENAME)
`
  }),
  'quoted keys and values, in the style of JSON': `{
  "apiVersion": "apps/v1",
  "kind": "DaemonSet",
  "metadata": {"name": "calico-node", "namespace": "kube-system"},
  "spec": {
    "selector": {"matchLabels": {"k8s-app": "calico-node"}},
    "updateStrategy": {"type": "RollingUpdate"},
    "template": {
      "metadata": {"labels": {"k8s-app": "calico-node"}},
      "spec": {"containers": [
        {"name": "calico-node", "image": "docker.io/calico/node:v3.29.0", "env": [
          {"name": "FELIX_IPTABLESBACKEND", "value": "legacy"},
          {"name": "IP", "value": "autodetect"}
        ]}
      ]}
    }
  }
}
`,
  'a List, as kubectl get prints it': `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ServiceAccount
  metadata: {name: calico-node, namespace: kube-system}
- apiVersion: apps/v1
  kind: DaemonSet
  metadata:
    name: calico-node # the agent
    namespace: kube-system
    generation: 4
    resourceVersion: "812"
  spec:
    revisionHistoryLimit: 10
    selector: {matchLabels: {k8s-app: calico-node}}
    template:
      metadata: {labels: {k8s-app: calico-node}}
      spec:
        containers:
        - name: calico-node
          image: quay.io/calico/node:v3.22.5
          env:
          - {name: FELIX_IPTABLESBACKEND, value: 'Auto'}
    updateStrategy:
      rollingUpdate: {maxSurge: 0, maxUnavailable: 1}
      type: RollingUpdate
`,
  'the second of several documents, with an end': `# what helm template prints
---
# Source: calico/templates/sa.yaml
apiVersion: v1
kind: ServiceAccount
metadata: {name: my-release-calico-node, namespace: kube-system}
...
---
${manifest({
  name: 'my-release-calico-node',
  labels: '{app.kubernetes.io/name: calico, app.kubernetes.io/managed-by: Helm}',
  containers: `      - name: calico-node
        image: '{{image}}/calico/node:v3.24.6'
        env:
        - {name: FELIX_IPTABLESBACKEND, value: }
`
})}---
`,
  'apps/v1beta2, and fields that are null': manifest({
    apiVersion: 'apps/v1beta2',
    labels: '{k8s-app: calico-node}',
    strategy: '  updateStrategy: null\n',
    containers: `      - name: calico-node
        image: calico/node:v3.10.4
        env: null
`
  }),
  'line ends of Windows': manifest({
    labels: '{k8s-app: calico-node}',
    strategy: '  updateStrategy:\n    type: RollingUpdate\n',
    containers: `      - name: calico-node
        image: calico/node:v3.25.2
        env: # first
        - name: FELIX_IPTABLESBACKEND
          value: "auto"
`
  }).replaceAll('\n', '\r\n'),
  'all init containers of an operator-less install, one of them by the same image': manifest({
    labels: '{k8s-app: calico-node}',
    podSpec: `      priorityClassName: system-node-critical
      initContainers:
      - {name: upgrade-ipam, image: "calico/cni:v3.31.7", envFrom: [{configMapRef: {name: kubernetes-services-endpoint}}]}
      - {name: mount-bpffs, image: "calico/node:v3.31.7", command: [calico-node, -init, -best-effort]}
      - {name: log, image: busybox, restartPolicy: Always, env: [{name: FELIX_IPTABLESBACKEND, value: x}]}
`,
    containers: `      - name: calico-node
        image: calico/node:v3.31.7
        env: [{name: FELIX_IPV6SUPPORT, value: "false"}]
`
  }),
  'a block scalar, an alias, and a merge key': `apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: calico-node # the agent
  namespace: kube-system
  labels: &labels
    k8s-app: calico-node
  annotations:
    note: |
      FELIX_IPTABLESBACKEND: auto
      updateStrategy: RollingUpdate
spec:
  selector:
    matchLabels: *labels
  template:
    metadata:
      labels:
        <<: *labels
        tier: node
    spec:
      containers:
      - name: calico-node
        image: >-
          calico/node:v3.28.5
        env:
        - {name: &backend FELIX_IPTABLESBACKEND, value: auto}
`
}

interface Template {
  readonly spec: { readonly containers: { readonly name: string; env?: unknown }[] }
}
interface DaemonSet {
  readonly spec: { updateStrategy?: unknown; readonly template: Template }
}

/** All objects of the file, and the DaemonSet among them. */
function objectsOf(text: string): { readonly all: readonly unknown[]; readonly daemonSet: DaemonSet } {
  const all = parseAllDocuments(text, { merge: true }).map((document) => document.toJS() as Item | null)
  const each = all.flatMap((object): readonly (Item | null)[] => object?.items ?? [object])
  const daemonSet = each.find((object) => object?.kind === 'DaemonSet')
  if (daemonSet === undefined) throw new Error('no DaemonSet')
  return { all, daemonSet: daemonSet as unknown as DaemonSet }
}

interface Item {
  readonly kind?: string
  readonly items?: readonly Item[]
}

function objectOf(text: string): DaemonSet {
  return objectsOf(text).daemonSet
}

/** Without the two fields that may change. */
function rest(text: string): unknown {
  const { all, daemonSet } = objectsOf(text)
  delete daemonSet.spec.updateStrategy
  for (const container of daemonSet.spec.template.spec.containers)
    if (container.name === 'calico-node') delete container.env
  return all
}

const isOfBackend = ({ name }: { name: string }): boolean => name.toLowerCase() === 'felix_iptablesbackend'

function environmentOf(text: string): { name: string; value?: string }[] {
  const { spec } = objectOf(text)
  const felix = spec.template.spec.containers.find(({ name }) => name === 'calico-node')
  return (felix?.env ?? []) as { name: string; value?: string }[]
}

for (const [name, text] of Object.entries(manifests)) {
  void t.test(name, async (t) => {
    const folder = t.testdir({ 'calico.yaml': text, 'policy.yaml': policy })
    const pidguard = (...args: string[]) =>
      spawnSync(process.execPath, [program, ...args, '--policy', 'policy.yaml', 'calico.yaml'], {
        cwd: folder,
        encoding: 'utf8'
      })
    const held = (): string => readFileSync(join(folder, 'calico.yaml'), 'utf8')

    t.equal(pidguard('validate', '--fail-on', 'change').status, 1, 'recognised')
    const mutated = pidguard('mutate', '--write')
    t.ok((mutated.status ?? 9) < 2, mutated.stderr)
    const once = held()
    t.ok(isDeepStrictEqual(rest(once), rest(text)), 'nothing else has changed')
    const { spec } = objectOf(once)
    t.strictSame(spec.updateStrategy, { type: 'OnDelete' })
    t.strictSame(environmentOf(once).filter(isOfBackend), [{ name: 'FELIX_IPTABLESBACKEND', value: 'NFT' }])
    t.strictSame(
      environmentOf(once).filter((entry) => !isOfBackend(entry)),
      environmentOf(text).filter((entry) => !isOfBackend(entry)),
      'other variables stay, in their order'
    )
    for (const [comment] of text.matchAll(/# (the agent|first|Felix' options)/g)) t.ok(once.includes(comment), comment)
    t.equal(once.includes('\r\n') && /[^\r]\n/.test(once), false, 'line ends stay')
    pidguard('mutate', '--write')
    t.equal(held(), once, 'not a second time')
    const { status, stdout } = pidguard('validate', '--fail-on', 'warn')
    t.equal(status, 0, stdout)
  })
}
