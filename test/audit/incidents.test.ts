import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import type { KubeletConfigs } from '../../src/ports/readings.ts'
import { noConfigs } from '../../src/readings/no-readings.ts'
import { verdictOf } from '../../src/report/audit/headline.ts'
import { firstStep } from '../../src/report/audit/phrases.ts'
import { readSnapshot } from '../../src/snapshot/snapshot-document.ts'
import { auditOfDump } from '../support/audit-run.ts'
import { projectFolder } from '../support/sources.ts'

interface Pods {
  readonly namespace: string
  readonly kind: string
  readonly name: string
  readonly pods?: number
  readonly workloads?: number
}

type Figures = readonly [limit: number | 'unlimited', inUse: number]

interface NodeOfIncident {
  readonly node: string
  readonly pidPressure?: boolean
  readonly host: Figures
  readonly hostCgroup?: string
  readonly kubepods: Figures
  readonly nearLimits?: object
  readonly gaps?: object
  /** One by one, or so many with so many threads each. */
  readonly leftovers?: readonly object[] | { readonly count: number; readonly threads: number }
  readonly kubelet?: { readonly podPidsLimit: number; readonly reserved: number; readonly eviction: string }
  readonly pods: readonly Pods[]
}

interface Incident extends NodeOfIncident {
  readonly incident: string
  readonly what: string
  /** Ceiling, culprit, remedy. */
  readonly says?: readonly [string, string, string]
  /** Rules that have to have a finding. */
  readonly finds?: readonly string[]
  readonly also?: readonly NodeOfIncident[]
}

const takenAt = '2026-11-21T10:00:00Z'
const incidents: Incident[] = ['incidents', 'own-states'].flatMap((name) =>
  parse(readFileSync(join(projectFolder, `test/fixtures/incidents/${name}.yaml`), 'utf8'))
)

function documentOf(
  { node, pidPressure, host, hostCgroup, kubepods, nearLimits = [], gaps = [], leftovers = [], pods }: NodeOfIncident,
  counts: Map<string, number>
) {
  const ceiling = ([limit, inUse]: Figures) => ({ limit, inUse })
  const all = pods.flatMap(({ kind, name, pods: count = 1, workloads = 1, ...pod }) =>
    Array.from({ length: workloads }, (_, w) =>
      Array.from({ length: count }, () => {
        const workload = workloads === 1 ? name : `${name.replace(/\d+$/, '')}${w}`
        const at = (counts.get(workload) ?? 0) + 1
        counts.set(workload, at)
        const own = kind === 'Pod' ? name : `${workload}-${at}`
        return { ...pod, name: own, uid: `u-${own}`, workload: { kind, name: workload } }
      })
    ).flat()
  )
  return {
    name: node,
    uid: node,
    ...(pidPressure === undefined ? undefined : { pidPressure }),
    reading: {
      at: takenAt,
      host: ceiling(host),
      ...(hostCgroup && { hostCgroup }),
      kubepods: ceiling(kubepods),
      nearLimits,
      gaps
    },
    leftovers:
      'count' in leftovers
        ? Array.from({ length: leftovers.count }, (_, at) => ({ cgroup: `gone-${at}`, threads: leftovers.threads }))
        : leftovers,
    pods: all
  }
}

function snapshotOf({ also = [], ...first }: Incident) {
  const counts = new Map<string, number>()
  return readSnapshot(
    'incident',
    JSON.stringify({
      apiVersion: 'pidguard.io/v1alpha1',
      kind: 'NodeSnapshot',
      takenAt,
      nodes: [first, ...also].map((each) => documentOf(each, counts))
    })
  )
}

/** How kubelets are configured, where the incident says it. */
function configsOf({ also = [], ...first }: Incident): KubeletConfigs {
  const known = new Map([first, ...also].map(({ node, kubelet }) => [node, kubelet]))
  if (first.kubelet === undefined) return noConfigs('none')
  return {
    read: async (targets, sink) => {
      for (const { name } of targets) {
        const config = known.get(name)
        if (config !== undefined) sink.observeConfig(name, config)
      }
    }
  }
}

/** The lines above the actions, and the first two actions with the first sentence of what to do. */
async function firstWords(incident: Incident): Promise<{ text: string; findings: readonly string[] }> {
  const report = await auditOfDump({
    snapshot: snapshotOf(incident),
    configs: configsOf(incident),
    name: incident.incident
  })
  const actions = report.actions
    .slice(0, 2)
    .map(
      (action) =>
        `${action.examples.map(({ object, detail }) => `${object.kind} ${object.namespace}/${object.name}: ${detail}`).join(' | ')} => ${firstStep(report, action)}`
    )
  return {
    text: [...verdictOf(report).situations, ...actions].join('\n'),
    findings: report.findings.map(({ ruleId }) => ruleId)
  }
}

for (const incident of incidents) {
  const { incident: name, what, says, finds = [] } = incident
  t.test(`${name}: ${what}`, async (t) => {
    const { text, findings } = await firstWords(incident)
    if (says === undefined) {
      t.notOk(
        findings.some((id) => ['pod-thread-outlier', 'pod-pid-limit', 'node-pid-usage', 'node-unit-limit'].includes(id))
      )
      t.match(readFileSync(join(projectFolder, 'docs/troubleshooting.md'), 'utf8'), /RLIMIT_NPROC/, 'it cannot be seen')
      return
    }
    for (const id of finds) t.ok(findings.includes(id), id)
    for (const [at, part] of (['the ceiling', 'the culprit', 'the remedy'] as const).entries()) {
      t.match(text, new RegExp(says[at] ?? ''), part)
    }
    if (name !== 'calico5018' && name !== 'calico-at-limit') t.notMatch(text, /calico/, 'Calico is not to blame')
  })
}
