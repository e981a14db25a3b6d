import type { AuditNode } from '../../src/report/audit/audit-fleet.ts'
import type { AuditFinding, AuditLevel, AuditReport, LevelCounts } from '../../src/report/audit/audit-report.ts'
import { auditLevels, mostTop } from '../../src/report/audit/audit-report.ts'
import type { ObjectName } from '../../src/report/validate-report.ts'
import { policyRules } from '../../src/rules/index.ts'
import { cleanAudit } from './audits.ts'

export interface Scale {
  readonly nodes: number
  readonly namespaces: number
  /** Workloads with findings. */
  readonly workloads: number
  /** Added to every name. */
  readonly padding?: string
}

const workloadRules: readonly (readonly [ruleId: string, level: AuditLevel, reason: string, detail: string])[] = [
  ['best-effort', 'deny', 'QoS class BestEffort', 'no cpu or memory request in app, sidecar'],
  ['runtime-thread-cap', 'warn', 'no thread cap', 'DOTNET_ThreadPool_ForceMaxWorkerThreads is not set in app'],
  ['resource-requests', 'change', 'missing requests', 'cpu=100m, memory=128Mi would be added to app']
]
const nodeRules: readonly (readonly [ruleId: string, reason: string, detail: string])[] = [
  ['node-pod-pids-limit', 'no podPidsLimit', 'podPidsLimit=-1'],
  ['node-pid-reservation', 'no PIDs are reserved for the system', 'systemReserved.pid=0, kubeReserved.pid=0'],
  ['node-pid-eviction', 'no eviction threshold for PIDs', 'neither evictionHard nor evictionSoft has pid.available']
]

/** A cluster of that size in which much is wrong, made of nothing but the numbers: the same each time. */
export function largeAudit(scale: Scale): AuditReport {
  const nodes = Array.from({ length: scale.nodes }, (_, at) => nodeOf(at, scale)).sort(
    (a, b) => (b.used ?? -1) - (a.used ?? -1)
  )
  const findings = [...workloadFindings(scale), ...nodeFindings(scale)].sort(
    (a, b) => auditLevels.indexOf(a.level) - auditLevels.indexOf(b.level)
  )
  const rows = Array.from({ length: mostTop }, (_, at) => at)
  return {
    ...cleanAudit(),
    source: { kind: 'cluster', name: 'https://api.prod.example.com:6443', readings: 'kubelet' },
    actNow: 0.9,
    exitCode: 1,
    summary: {
      nodes: nodes.length,
      nodesRead: nodes.filter(({ used }) => used !== null).length,
      pods: scale.nodes * 30,
      podsRead: scale.nodes * 29,
      namespaces: scale.namespaces,
      checked: scale.workloads + scale.nodes,
      checkedByRule: [],
      levels: countsOf(findings),
      byRule: [...Map.groupBy(findings, ({ ruleId }) => ruleId)].map(([ruleId, group]) => ({
        ruleId,
        children: group.length * 3,
        ...countsOf(group)
      })),
      byNamespace: [...Map.groupBy(findings, ({ object }) => object.namespace)]
        .map(([namespace, group]) => ({ namespace, ...countsOf(group) }))
        .sort((a, b) => (a.namespace < b.namespace ? -1 : 1)),
      podSizes: Array.from({ length: 15 }, (_, at) => at)
        .filter((at) => at !== 12)
        .map((at) => ({ from: 2 ** at, to: 2 ** (at + 1) - 1, pods: Math.ceil((scale.nodes * 40) / (at + 1) ** 3) }))
    },
    actions: [...Map.groupBy(findings, ({ ruleId }) => ruleId)].map(([ruleId, group]) => ({
      ruleId,
      objects: group.length,
      examples: group.slice(0, 3).map(({ object, detail }) => ({ object, detail }))
    })),
    rules: policyRules.map(({ id, title, why, remedy }) => ({ id, title, why, remedy })),
    findings,
    gaps: [
      { part: 'statefulsets.apps', reason: 'forbidden', detail: 'list on statefulsets.apps is needed', nodes: null }
    ],
    nodes,
    pods: rows.map((at) => ({
      namespace: namespaceOf(at, scale),
      name: `worker-${at}-6fcc68489f-${at}htpj${scale.padding ?? ''}`,
      workload: { kind: 'Deployment', name: `worker-${at}` },
      node: `node-${at}`,
      pids: 21_317 - at * 400,
      share: at % 9 === 8 ? null : 0.65 - at * 0.012,
      limit: at % 5 === 4 ? 32_768 : null,
      estimate: 50 + at,
      estimateFrom: 'declared'
    })),
    workloads: rows.map((at) => ({
      namespace: namespaceOf(at, scale),
      kind: 'Deployment',
      name: `worker-${at}${scale.padding ?? ''}`,
      pids: 90_000 - at * 1500,
      peak: 21_317 - at * 400,
      pods: 12,
      read: 12 - (at % 3),
      nodes: 9
    })),
    calico: nodes.map(({ node }, at) => ({
      node,
      daemonSet: 'kube-system/calico-node',
      backend: at % 3 === 0 ? 'detection' : 'NFT',
      setBy: 'default',
      decidesNothing: null,
      bpf: false,
      seen: at % 2 === 0 ? 'NFT' : null,
      revision: 'newest',
      osImage: 'Red Hat Enterprise Linux CoreOS 416.94.202410211619-0',
      kernel: '5.14.0-427.40.1.el9_4.x86_64',
      needs: null,
      legacyImpossible: false
    })),
    recommendations: { pools: [], workloads: [] },
    since: {
      takenAt: '2026-11-20T10:55:30.000Z',
      levels: { deny: findings.length, warn: 40, change: 12, audit: 300 },
      new: findings.filter(({ change }) => change === 'new').length,
      unchanged: findings.filter(({ change }) => change === 'unchanged').length,
      fixed: findings.slice(0, scale.workloads / 10),
      unknown: 12,
      nodes: nodes.map(({ node, host, kubepods, used }, at) => ({
        node,
        host,
        kubepods,
        used: used === null ? null : Math.max(0, used - (at % 30) / 100)
      }))
    }
  }
}

function namespaceOf(at: number, { namespaces, padding = '' }: Scale): string {
  return `team-${at % namespaces}${padding}`
}

function workloadFindings(scale: Scale): AuditFinding[] {
  return Array.from({ length: scale.workloads }, (_, at): AuditFinding => {
    const [ruleId, level, reason, detail] = workloadRules[at % workloadRules.length] as (typeof workloadRules)[number]
    const object: ObjectName = {
      apiVersion: 'apps/v1',
      kind: at % 4 === 0 ? 'StatefulSet' : 'Deployment',
      namespace: namespaceOf(at * 7, scale),
      name: `service-${at}${scale.padding ?? ''}`
    }
    const pointer = '/spec/template/spec/containers/0/resources'
    return {
      ruleId,
      level,
      reason,
      detail,
      pointer,
      object,
      children: at % 6,
      change: at % 3 === 0 ? 'new' : 'unchanged'
    }
  })
}

function nodeFindings(scale: Scale): AuditFinding[] {
  return nodeRules.flatMap(([ruleId, reason, detail]) =>
    Array.from({ length: scale.nodes }, (_, at): AuditFinding => {
      const object = { apiVersion: 'v1', kind: 'Node', namespace: '', name: nodeName(at, scale) }
      return { ruleId, level: 'audit', reason, detail, pointer: '/status', object, children: 0, change: 'unchanged' }
    })
  )
}

function nodeName(at: number, { padding = '' }: Scale): string {
  return `ip-10-${Math.floor(at / 250)}-${at % 250}-17.eu-central-1.compute.internal${padding}`
}

function nodeOf(at: number, scale: Scale): AuditNode {
  const limit = at % 40 === 0 ? ('unlimited' as const) : 49_152 - (at % 3) * 8_192
  const inUse = Math.floor((at * 7919) % 33_000)
  const hostUse = inUse + 900
  const isRead = at % 50 !== 7
  const tightest = limit === 'unlimited' ? 'node' : 'kubepods'
  const used = limit === 'unlimited' ? hostUse / 65_536 : inUse / limit
  if (!isRead) {
    const unknown = { limit: null, inUse: null }
    return {
      ...{ node: nodeName(at, scale), host: unknown, kubepods: unknown, tightest: null, used: null, committed: null },
      ...{
        floor: null,
        free: null,
        age: null,
        pods: 30,
        biggest: null,
        biggestWorkload: null,
        places: { pods: null, unknownPods: null, unexplained: null, outside: null },
        holders: [],
        workloads: 0,
        biggestNamespace: null,
        pidPressure: false,
        withoutCeiling: null,
        kubelet: null
      },
      missing: [`timeout: https://10.${Math.floor(at / 250)}.${at % 250}.17:10250/stats/summary: no answer in time`]
    }
  }
  const ceiling = limit === 'unlimited' ? 65_536 : limit
  const committed = (tightest === 'node' ? hostUse : inUse) + 400
  const floor = Math.floor(ceiling / 10)
  return {
    node: nodeName(at, scale),
    host: { limit: 65_536, inUse: hostUse },
    kubepods: { limit, inUse },
    tightest,
    used: Math.round(used * 1000) / 1000,
    committed,
    floor,
    free: ceiling - floor - committed,
    age: 6000 + at,
    pods: 30,
    biggest: {
      namespace: namespaceOf(at, scale),
      name: `worker-${at}-6fcc68489f-8htpj${scale.padding ?? ''}`,
      pids: inUse
    },
    biggestWorkload: {
      namespace: namespaceOf(at, scale),
      kind: 'Deployment',
      name: `worker-${at}${scale.padding ?? ''}`,
      pids: inUse,
      pods: 1
    },
    places: { pods: inUse, unknownPods: 0, unexplained: 0, outside: 900 },
    holders: [
      {
        place: 'workload',
        workload: {
          namespace: namespaceOf(at, scale),
          kind: 'Deployment',
          name: `worker-${at}`,
          pods: 1,
          terminating: 0
        },
        cgroup: null,
        pids: inUse
      }
    ],
    workloads: 1,
    biggestNamespace: null,
    pidPressure: at % 31 === 0 ? null : at % 700 === 1,
    withoutCeiling: null,
    kubelet: at % 6 === 5 ? null : { podPidsLimit: at % 4 === 0 ? 4096 : 'unlimited', reserved: 0, eviction: null },
    missing: []
  }
}

function countsOf(findings: readonly AuditFinding[]): LevelCounts {
  return Object.fromEntries(
    auditLevels.map((level) => [level, findings.filter((one) => one.level === level).length])
  ) as unknown as LevelCounts
}
