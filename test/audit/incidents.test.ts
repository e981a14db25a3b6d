import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { audit } from '../../src/audit/build-report.ts'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import { DumpObjects } from '../../src/input/dump-objects.ts'
import { noConfigs } from '../../src/readings/no-readings.ts'
import { verdictOf } from '../../src/report/audit/headline.ts'
import { firstStep } from '../../src/report/audit/phrases.ts'
import { auditRules } from '../../src/rules/index.ts'
import { snapshotReadings } from '../../src/snapshot/snapshot.ts'
import { readSnapshot } from '../../src/snapshot/snapshot-document.ts'
import { policyFrom } from '../support/files.ts'
import { projectFolder } from '../support/sources.ts'

interface Pods {
  readonly namespace: string
  readonly kind: string
  readonly name: string
  readonly pods?: number
  readonly workloads?: number
}

interface Incident {
  readonly incident: string
  readonly what: string
  /** Ceiling, culprit, remedy. */
  readonly says?: readonly [string, string, string]
  readonly node: string
  readonly pidPressure?: boolean
  readonly host: readonly [number, number]
  readonly hostCgroup?: string
  readonly kubepods: readonly [number, number]
  readonly nearLimits?: object
  readonly leftovers?: object
  readonly pods: readonly Pods[]
}

const takenAt = '2026-11-21T10:00:00Z'
const incidents: Incident[] = parse(readFileSync(join(projectFolder, 'test/fixtures/incidents/incidents.yaml'), 'utf8'))

function snapshotOf({
  node,
  pidPressure,
  host,
  hostCgroup,
  kubepods,
  nearLimits = [],
  leftovers = [],
  pods
}: Incident) {
  const ceiling = ([limit, inUse]: readonly [number, number]) => ({ limit, inUse })
  const counts = new Map<string, number>()
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
  return readSnapshot(
    'incident',
    JSON.stringify({
      apiVersion: 'pidguard.io/v1alpha1',
      kind: 'NodeSnapshot',
      takenAt,
      nodes: [
        {
          name: node,
          uid: node,
          ...(pidPressure === undefined ? undefined : { pidPressure }),
          reading: {
            at: takenAt,
            host: ceiling(host),
            ...(hostCgroup && { hostCgroup }),
            kubepods: ceiling(kubepods),
            nearLimits
          },
          leftovers,
          pods: all
        }
      ]
    })
  )
}

/** The lines above the actions, and the first two actions with the first sentence of what to do. */
async function firstWords(incident: Incident): Promise<{ text: string; findings: readonly string[] }> {
  const snapshot = snapshotOf(incident)
  const now = () => snapshot.takenAt
  const { report } = await audit(
    {
      version: '0.0.0',
      source: { kind: 'dump', name: incident.incident, readings: 'snapshot' },
      policyName: 'default',
      failOn: 'audit',
      earlier: undefined
    },
    {
      rules: new RuleIndex(auditRules),
      policy: policyFrom(undefined),
      objects: new DumpObjects([], { find: () => ({ files: [], problems: [], notes: [] }) } as never, snapshot),
      readings: snapshotReadings(snapshot, { now, monotonic: () => 0 }),
      configs: noConfigs('none'),
      targetOf: (facts) => facts,
      now,
      progress: { step() {} },
      signal: new AbortController().signal
    }
  )
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
  const { incident: name, what, says } = incident
  t.test(`${name}: ${what}`, async (t) => {
    const { text, findings } = await firstWords(incident)
    if (says === undefined) {
      t.notOk(
        findings.some((id) => ['pod-thread-outlier', 'pod-pid-limit', 'node-pid-usage', 'node-unit-limit'].includes(id))
      )
      t.match(readFileSync(join(projectFolder, 'docs/troubleshooting.md'), 'utf8'), /RLIMIT_NPROC/, 'it cannot be seen')
      return
    }
    for (const [at, part] of (['the ceiling', 'the culprit', 'the remedy'] as const).entries()) {
      t.match(text, new RegExp(says[at] ?? ''), part)
    }
    if (name !== 'calico5018' && name !== 'calico-at-limit') t.notMatch(text, /calico/, 'Calico is not to blame')
  })
}
