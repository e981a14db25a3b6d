// Objects of a large cluster, as a real API server lists them.

/** Who set which field, of such a Pod: what the controller made, and what the kubelet says of it. */
const managedFields = (() => {
  const empty = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [`f:${name}`, {}]))
  const named = (name: string, fields: object) => ({ [`k:{"name":"${name}"}`]: { '.': {}, ...fields } })
  const settings = Array.from({ length: 12 }, (_, at) => named(`SETTING_${at}`, empty('name', 'value')))
  const container = (name: string) =>
    named(name, { ...empty('image', 'name', 'resources', 'volumeMounts'), 'f:env': Object.assign({}, ...settings) })
  const owner = { '.': {}, 'k:{"uid":"0a1b2c3d-8281-4ce9-a864-8d8a8158294a"}': {} }
  const labels = { '.': {}, ...empty('app', 'pod-template-hash', 'app.kubernetes.io/part-of') }
  const made = {
    'f:metadata': { ...empty('generateName', 'annotations'), 'f:labels': labels, 'f:ownerReferences': owner },
    'f:spec': {
      'f:containers': { ...container('app'), ...container('proxy') },
      ...empty('dnsPolicy', 'enableServiceLinks', 'restartPolicy', 'schedulerName', 'securityContext')
    }
  }
  const conditions = Object.fromEntries(
    ['Initialized', 'Ready', 'ContainersReady'].map((type) => [
      `k:{"type":"${type}"}`,
      { '.': {}, ...empty('lastProbeTime', 'lastTransitionTime', 'status', 'type') }
    ])
  )
  const told = { 'f:status': { 'f:conditions': conditions, ...empty('containerStatuses', 'hostIP', 'phase', 'podIP') } }
  const entry = (manager: string, fieldsV1: object) => ({
    ...{
      manager,
      operation: 'Update',
      apiVersion: 'v1',
      time: '2026-11-21T10:55:04Z',
      fieldsType: 'FieldsV1',
      fieldsV1
    }
  })
  return [entry('kube-controller-manager', made), entry('kubelet', told)]
})()

/** A Pod of about 5.4 KB, as a real API server lists them: managedFields, two containers, status. */
export function podText(n: number): string {
  const hex = n.toString(16).padStart(8, '0')
  const workload = `workload-${n % 7500}`
  const env = Array.from({ length: 12 }, (_, at) => ({ name: `SETTING_${at}`, value: `value of setting ${at}` }))
  const container = (name: string) => ({
    name,
    image: `registry.example.com/team/${name}:1.2.3`,
    env,
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    volumeMounts: [{ name: 'token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }]
  })
  return JSON.stringify({
    metadata: {
      name: `${workload}-7d9f8b6c5d-${hex.slice(3)}`,
      generateName: `${workload}-7d9f8b6c5d-`,
      namespace: `namespace-${n % 500}`,
      uid: `${hex}-8281-4ce9-a864-8d8a8158294a`,
      resourceVersion: String(1_000_000 + n),
      creationTimestamp: '2026-11-21T10:55:04Z',
      labels: { app: workload, 'pod-template-hash': '7d9f8b6c5d', 'app.kubernetes.io/part-of': 'shop' },
      annotations: { 'pidguard.io/pids-estimate': '50', 'checksum/config': 'f'.repeat(64) },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${workload}-7d9f8b6c5d`, uid: `${hex}-1`, controller: true }
      ],
      managedFields
    },
    spec: {
      nodeName: `node-${n % 5000}`,
      containers: [container('app'), container('proxy')],
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }
      ]
    },
    status: {
      phase: 'Running',
      podIP: '10.1.2.3',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({ type, status: 'True' }))
    }
  })
}

export function nodeText(n: number): string {
  const images = Array.from({ length: 50 }, (_, at) => ({
    names: [
      `registry.example.com/team/image-${at}@sha256:${'a'.repeat(64)}`,
      `registry.example.com/team/image-${at}:1`
    ],
    sizeBytes: 123456789
  }))
  return JSON.stringify({
    metadata: {
      name: `node-${n}`,
      uid: `uid-${n}`,
      labels: { 'kubernetes.io/hostname': `node-${n}`, zone: `z${n % 3}` }
    },
    spec: {},
    status: {
      images,
      conditions: [{ type: 'PIDPressure', status: 'False', lastHeartbeatTime: '2026-11-21T10:55:04Z' }],
      addresses: [{ type: 'InternalIP', address: addressOf(n) }]
    }
  })
}

/** All of 127.0.0.0/8 is this machine, so each node has an address of its own. */
export function addressOf(n: number): string {
  return `127.${10 + Math.floor(n / 62_500)}.${Math.floor(n / 250) % 250}.${1 + (n % 250)}`
}
