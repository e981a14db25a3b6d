import type { AuditNode } from '../../src/report/audit/audit-fleet.ts'
import type { AuditFinding, AuditReport, LevelCounts } from '../../src/report/audit/audit-report.ts'
import type { ObjectName } from '../../src/report/validate-report.ts'

const hog: ObjectName = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'hog' }
const nodeA: ObjectName = { apiVersion: 'v1', kind: 'Node', namespace: '', name: 'node-a' }
/** A dump may hold anything; a name like this never comes from an API server. */
const hostile: ObjectName = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  namespace: 'a"b',
  name: "</script><img src=x onerror=alert(1)>&'`=,\n|*_[x](y)"
}

export const shopWeb: ObjectName = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' }

/** What a rule found in a Deployment, without an earlier report, changed as given. */
export function auditFinding(change: Partial<AuditFinding> = {}): AuditFinding {
  return {
    ruleId: 'best-effort',
    level: 'deny',
    reason: 'QoS class BestEffort',
    detail: 'no requests',
    pointer: '/spec/template/spec/containers/0/resources',
    object: shopWeb,
    children: 0,
    change: null,
    ...change
  }
}

function finding(ruleId: string, object: ObjectName, change: Partial<AuditFinding> = {}): AuditFinding {
  const base = { level: 'audit', reason: 'found wanting', detail: 'x=1', pointer: '/spec', change: 'new' } as const
  return auditFinding({ ruleId, object, ...base, ...change })
}

const outlier = finding('pod-thread-outlier', hog, {
  reason: 'one pod holds a large share of its node',
  detail: 'hog-6fcc68489f-8htpj holds 502 of 1500 PIDs of kubepods on node-a (33%)',
  pointer: '/spec/containers',
  children: 2
})
const drift = finding('node-kubepods-drift', nodeA, {
  reason: 'kubepods is below the ceiling of the node',
  detail: 'kubepods 1500, node 32768',
  pointer: '/status/allocatable/pid',
  change: 'unchanged'
})
const noRequests = finding('best-effort', hostile, {
  level: 'deny',
  reason: 'QoS class BestEffort',
  detail: 'no cpu or memory request in <b>app</b>',
  pointer: '/spec/template/spec/containers/0/resources',
  children: 12
})
const mended = finding(
  'calico-update-strategy',
  { ...hog, kind: 'DaemonSet', namespace: 'kube-system', name: 'calico-node' },
  {
    level: 'change',
    reason: 'update strategy is not OnDelete',
    detail: 'updateStrategy.type=RollingUpdate',
    pointer: '/spec/updateStrategy'
  }
)
const gone = finding(
  'best-effort',
  { ...hog, name: 'batch' },
  { ...noRequests, object: { ...hog, name: 'batch' }, change: 'unchanged' }
)

const none: LevelCounts = { deny: 0, warn: 0, change: 0, audit: 0 }
const unknown = { limit: null, inUse: null }

const full: AuditNode = {
  node: 'node-a',
  host: { limit: 32768, inUse: 1197 },
  kubepods: { limit: 1500, inUse: 1006 },
  tightest: 'kubepods',
  used: 0.671,
  committed: 1104,
  floor: 150,
  free: 246,
  age: 6087,
  pods: 4,
  biggest: { namespace: 'shop', name: 'hog-6fcc68489f-8htpj', pids: 502 },
  biggestWorkload: { namespace: 'shop', kind: 'Deployment', name: 'hog', pids: 1004, pods: 2 },
  places: { pods: 1006, unknownPods: 0, unexplained: 0, outside: 191 },
  holders: [
    {
      place: 'workload',
      workload: { namespace: 'shop', kind: 'Deployment', name: 'hog', pods: 2, terminating: 0 },
      cgroup: null,
      pids: 1004
    }
  ],
  workloads: 2,
  biggestNamespace: null,
  pidPressure: false,
  withoutCeiling: null,
  kubelet: { podPidsLimit: 'unlimited', reserved: 0, eviction: null },
  missing: []
}
const unlimited: AuditNode = {
  ...full,
  node: 'node-b',
  host: { limit: 4194304, inUse: 812 },
  kubepods: { limit: 'unlimited', inUse: 300 },
  tightest: 'node',
  used: 0.0002,
  committed: 862,
  floor: 419431,
  free: 3774011,
  biggest: { namespace: 'kube-system', name: 'calico-node-x7k2p', pids: 88 },
  biggestWorkload: { namespace: 'kube-system', kind: 'DaemonSet', name: 'calico-node', pids: 88, pods: 1 },
  places: { pods: 88, unknownPods: 212, unexplained: 0, outside: 512 },
  holders: [
    { place: 'outside', workload: null, cgroup: null, pids: 512 },
    { place: 'unknown-pod', workload: null, cgroup: '33333333-0000-4000-8000-000000000003', pids: 212 },
    {
      place: 'workload',
      workload: { namespace: 'kube-system', kind: 'DaemonSet', name: 'calico-node', pods: 1, terminating: 0 },
      cgroup: null,
      pids: 88
    }
  ],
  workloads: 1,
  biggestNamespace: null,
  pidPressure: null,
  withoutCeiling: null,
  kubelet: { podPidsLimit: 1024, reserved: 1000, eviction: '10%' }
}
const notRead: AuditNode = {
  ...full,
  node: 'node-c',
  host: unknown,
  kubepods: unknown,
  tightest: null,
  used: null,
  committed: null,
  floor: null,
  free: null,
  age: null,
  biggest: null,
  biggestWorkload: null,
  places: { pods: null, unknownPods: null, unexplained: null, outside: null },
  holders: [],
  workloads: 0,
  kubelet: null,
  missing: ['timeout: https://192.0.2.4:10250/stats/summary: no answer in time']
}

function text(id: string, title: string) {
  return { id, title, why: `Why ${title} matters.`, remedy: `What to do about ${title}. And then more.` }
}

/** A report with one of everything, and names in it that would break each format if they were not escaped. */
export function fullAudit(): AuditReport {
  return {
    apiVersion: 'pidguard.io/audit/v1',
    kind: 'Audit',
    version: '0.1.0',
    takenAt: '2026-11-21T10:55:30.000Z',
    source: { kind: 'cluster', name: 'https://192.0.2.1:6443', readings: 'kubelet' },
    policy: 'built-in default',
    failOn: 'audit',
    actNow: 0.9,
    exitCode: 1,
    summary: {
      nodes: 3,
      nodesRead: 2,
      pods: 31,
      podsRead: 6,
      namespaces: 4,
      checked: 40,
      checkedByRule: [
        { ruleId: 'best-effort', objects: 31 },
        { ruleId: 'calico-update-strategy', objects: 1 },
        { ruleId: 'pod-thread-outlier', objects: 6 },
        { ruleId: 'node-kubepods-drift', objects: 2 },
        { ruleId: 'node-pid-eviction', objects: 0 }
      ],
      levels: { deny: 1, warn: 0, change: 1, audit: 2 },
      byRule: [
        { ruleId: 'best-effort', children: 12, ...none, deny: 1 },
        { ruleId: 'calico-update-strategy', children: 0, ...none, change: 1 },
        { ruleId: 'pod-thread-outlier', children: 2, ...none, audit: 1 },
        { ruleId: 'node-kubepods-drift', children: 0, ...none, audit: 1 }
      ],
      byNamespace: [
        { namespace: '', ...none, audit: 1 },
        { namespace: hostile.namespace, ...none, deny: 1 },
        { namespace: 'kube-system', ...none, change: 1 },
        { namespace: 'shop', ...none, audit: 1 }
      ],
      podSizes: [
        { from: 1, to: 1, pods: 2 },
        { from: 64, to: 127, pods: 2 },
        { from: 256, to: 511, pods: 2 }
      ]
    },
    actions: [outlier, drift, noRequests, mended].map(({ ruleId, object, detail }) => ({
      ruleId,
      objects: 1,
      examples: [{ object, detail }]
    })),
    rules: [
      text('best-effort', 'BestEffort pods'),
      text('calico-update-strategy', 'Calico update strategy'),
      text('pod-thread-outlier', 'Thread outliers'),
      text('node-kubepods-drift', 'kubepods below its node')
    ],
    findings: [noRequests, mended, outlier, drift],
    gaps: [
      {
        part: 'nodes/configz',
        reason: 'forbidden',
        detail: 'https://192.0.2.2:10250/configz: HTTP 403, get on nodes/configz is needed',
        nodes: 3
      },
      { part: 'statefulsets.apps', reason: 'forbidden', detail: 'list is not allowed', nodes: null }
    ],
    skips: [{ ruleId: 'node-pid-eviction', reason: 'kubelet configuration not known', objects: 1 }],
    faults: [{ ruleId: 'best-effort', mode: 'enforce', message: '/spec/containers: expected a list', object: hostile }],
    exempted: [{ ruleId: 'best-effort', reason: 'Vendor image, until spring', objects: 1 }],
    nodes: [full, unlimited, notRead],
    pods: [
      {
        namespace: 'shop',
        name: 'hog-6fcc68489f-8htpj',
        workload: { kind: 'Deployment', name: 'hog' },
        node: 'node-a',
        pids: 502,
        share: 0.335,
        limit: null,
        estimate: 50,
        estimateFrom: 'default of the policy'
      },
      {
        namespace: hostile.namespace,
        name: hostile.name,
        workload: { kind: 'Pod', name: hostile.name },
        node: 'node-b',
        pids: 88,
        share: null,
        limit: 1024,
        estimate: 90,
        estimateFrom: 'observed on <b>db-1</b> 12 min ago'
      }
    ],
    workloads: [
      { namespace: 'shop', kind: 'Deployment', name: 'hog', pids: 1006, peak: 502, pods: 4, read: 4, nodes: 1 },
      {
        namespace: hostile.namespace,
        kind: hostile.kind,
        name: hostile.name,
        pids: 88,
        peak: 88,
        pods: 12,
        read: 1,
        nodes: 1
      }
    ],
    calico: [
      {
        node: 'node-a',
        daemonSet: 'kube-system/calico-node',
        backend: 'detection',
        setBy: 'built-in',
        decidesNothing: null,
        bpf: false,
        seen: 'Legacy',
        revision: 'old',
        osImage: 'Debian GNU/Linux 12 (bookworm)',
        kernel: '6.1.0-28-amd64',
        needs: 'NFT',
        legacyImpossible: false
      },
      {
        node: 'node-b',
        daemonSet: null,
        backend: null,
        setBy: null,
        decidesNothing: null,
        bpf: null,
        seen: null,
        revision: null,
        osImage: '<b>Flatcar</b>',
        kernel: null,
        needs: null,
        legacyImpossible: false
      }
    ],
    recommendations: {
      pools: [
        {
          pool: '<i>workers</i>',
          platform: 'kubeadm',
          basis: { nodes: 2, readings: 2, span: 86_400_000, pods: 12 },
          lack: null,
          settings: [
            { name: 'podPidsLimit', value: '1024', reason: 'twice the biggest honest pod', source: 'kubernetes.io' }
          ],
          checks: ['12 pods x 1024 = 12288 PIDs, within what kubepods allows']
        },
        {
          pool: 'new',
          platform: 'eks',
          basis: { nodes: 1, readings: 1, span: 0, pods: 3 },
          lack: 'it was read once',
          settings: [],
          checks: []
        }
      ],
      workloads: [
        {
          namespace: 'shop',
          kind: 'Deployment',
          name: 'hog',
          basis: { nodes: 0, readings: 2, span: 172_800_000, pods: 2 },
          peak: 502,
          estimate: null,
          runtime: null,
          knob: null
        },
        {
          namespace: 'shop',
          kind: 'Deployment',
          name: 'web',
          basis: { nodes: 0, readings: 2, span: 3_600_000, pods: 2 },
          peak: 81,
          estimate: 110,
          runtime: { name: '.NET', by: 'image <b>aspnet</b>' },
          knob: 'DOTNET_ThreadPool_ForceMaxWorkerThreads=6E'
        }
      ]
    },
    since: {
      takenAt: '2026-11-20T10:55:30.000Z',
      levels: { deny: 1, warn: 0, change: 0, audit: 1 },
      new: 3,
      unchanged: 1,
      fixed: [gone],
      unknown: 1,
      nodes: [{ node: 'node-a', host: full.host, kubepods: { limit: 1500, inUse: 220 }, used: 0.147 }]
    },
    notes: [
      'namespace shop: override batch may apply: the labels of the namespace are not known, so the milder modes hold'
    ]
  }
}

/** A report with nothing to say. */
export function cleanAudit(): AuditReport {
  return {
    ...fullAudit(),
    source: { kind: 'dump', name: 'dump/', readings: null },
    actNow: 0.9,
    exitCode: 0,
    summary: {
      nodes: 0,
      nodesRead: 0,
      pods: 1,
      podsRead: 0,
      namespaces: 1,
      checked: 2,
      checkedByRule: [],
      levels: none,
      byRule: [],
      byNamespace: [],
      podSizes: []
    },
    actions: [],
    findings: [],
    gaps: [],
    skips: [],
    faults: [],
    exempted: [],
    nodes: [],
    pods: [],
    workloads: [],
    calico: [],
    recommendations: { pools: [], workloads: [] },
    since: null,
    notes: []
  }
}
