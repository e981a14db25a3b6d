// A dump is what somebody gives us: any value may stand at any place of an object. An audit names what it cannot read, and
// keeps the findings of the rest.
import t from 'tap'
import { isRecord, type JsonRecord } from '../../src/lib/json/shape.ts'
import { auditOfDump } from '../support/audit-run.ts'

const controller = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-x', uid: 'r', controller: true }
const resources = { requests: { cpu: '1' }, limits: { 'pidguard.io/pids': '7' } }
const env = [{ name: 'FELIX_IPTABLESBACKEND', value: 'Auto', valueFrom: { fieldRef: { fieldPath: 'x' } } }]
const felix = {
  name: 'calico-node',
  image: 'calico/node:v3.31.0',
  command: ['java'],
  args: ['-jar'],
  env,
  envFrom: [{ configMapRef: { name: 'x' } }],
  resources
}
const terms = [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }]
const template = {
  metadata: { labels: { a: 'b' }, annotations: { 'pidguard.io/pids': '5' } },
  spec: { hostNetwork: true, containers: [felix] }
}

/** With the fields that audits read. */
const objects: readonly JsonRecord[] = [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      namespace: 'shop',
      uid: 'u',
      labels: { 'pod-template-hash': 'x' },
      ownerReferences: [controller]
    },
    spec: {
      nodeName: 'n',
      overhead: { cpu: '1' },
      schedulingGates: [{ name: 'x' }],
      tolerations: [{ key: 'a', operator: 'Exists' }],
      nodeSelector: { a: 'b' },
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
      resources: { requests: { cpu: '1' } },
      initContainers: [{ name: 'i', image: 'x', restartPolicy: 'Always', resources }],
      containers: [felix]
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-11-21T10:00:00Z' }],
      nominatedNodeName: 'n'
    }
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'calico-node', namespace: 'kube-system', uid: 'd', ownerReferences: [controller] },
    spec: { selector: { matchLabels: { a: 'b' } }, updateStrategy: { type: 'RollingUpdate' }, template }
  },
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n', uid: 'nn', labels: { a: 'b' }, creationTimestamp: '2026-11-21T10:00:00Z' },
    spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] },
    status: {
      capacity: { memory: '16Gi', 'pidguard.io/pids': '900' },
      allocatable: { 'pidguard.io/pids': '900' },
      conditions: [{ type: 'PIDPressure', status: 'False' }],
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
      nodeInfo: { osImage: 'CentOS Linux 7', kernelVersion: '3.10' }
    }
  },
  {
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'FelixConfiguration',
    metadata: { name: 'node.n' },
    spec: { iptablesBackend: 'NFT', bpfEnabled: true, nftablesMode: 'Auto' }
  },
  {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'l', namespace: 'shop' },
    spec: { limits: [{ type: 'Container', min: { cpu: '1' }, max: { cpu: '2' }, default: { cpu: '1' } }] }
  },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', annotations: { 'pidguard.io/default-pids': '7' } } },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'c', namespace: 'shop' },
    spec: { jobTemplate: { spec: { parallelism: 3, template } } }
  },
  {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name: 'cr', namespace: 'kube-system', ownerReferences: [{ ...controller, kind: 'DaemonSet' }] },
    revision: 3,
    data: { spec: { template } }
  }
]
const odd = [null, 'x', 7, true, {}, [], [null], ['x'], [[]], { a: null }, { a: [] }, '9'.repeat(60)]
const sound = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'sound', namespace: 'beside' },
  spec: { containers: [{ name: 'a' }] }
}

/** Every place in it, as the keys that lead there. */
function placesIn(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  const inner = Array.isArray(value) || isRecord(value) ? Object.entries(value) : []
  return inner.flatMap(([key, each]) => [[...at, key], ...placesIn(each, [...at, key])])
}

/** A copy with another value there. */
function withValue(object: unknown, [key = '', ...rest]: readonly string[], value: unknown): unknown {
  const copy: Record<string, unknown> = Array.isArray(object) ? ([...object] as never) : { ...(object as object) }
  copy[key] = rest.length === 0 ? value : withValue(copy[key], rest, value)
  return copy
}

for (const object of objects) {
  void t.test(`${object['kind']} with anything at any place`, async (t) => {
    const places = placesIn(object).filter(([first]) => first !== 'apiVersion' && first !== 'kind')
    for (const value of odd) {
      const items = places.map((place) => withValue(object, place, value))
      const rest = objects.filter((each) => each !== object)
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...items, ...rest, sound] })
      const { findings } = await auditOfDump({ files: { 'a.json': list }, policy: '  calico: {iptablesBackend: NFT}' })
      const found = findings.some(({ ruleId, object: { name } }) => ruleId === 'best-effort' && name === 'sound')
      t.ok(found, `${JSON.stringify(value)} at each of ${places.length} places`)
    }
  })
}
