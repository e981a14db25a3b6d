// Nine DaemonSets of Calico as distributions, mirrors and people spell them: each is recognised, changed in two fields alone,
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
  })
}

interface Template {
  readonly spec: { readonly containers: { readonly name: string; env?: unknown }[] }
}
interface DaemonSet {
  readonly spec: { updateStrategy?: unknown; readonly template: Template }
}

function objectOf(text: string): DaemonSet {
  const [document] = parseAllDocuments(text)
  if (document === undefined) throw new Error('no document')
  return document.toJS() as DaemonSet
}

/** Without the two fields that may change. */
function rest(text: string): unknown {
  const object = objectOf(text)
  delete object.spec.updateStrategy
  for (const container of object.spec.template.spec.containers)
    if (container.name === 'calico-node') delete container.env
  return object
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
    pidguard('mutate', '--write')
    t.equal(held(), once, 'not a second time')
    const { status, stdout } = pidguard('validate', '--fail-on', 'warn')
    t.equal(status, 0, stdout)
  })
}
