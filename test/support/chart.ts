// Run as a program, writes what manifests/chart renders from: the objects of the overlay default, and what each overlay and component
// changes of them, both taken from the golden renderings of kustomize. One source: the chart has no object of its own.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual as isSame } from 'node:util'
import { stringify } from 'yaml'
import { version } from '../../src/host/version.ts'
import { isRecord, type JsonRecord } from '../../src/lib/json/shape.ts'
import { renderChartSchema, renderChartTable, renderChartValues } from './chart-values.ts'
import { goldenOf, objectsOf, type Rendered } from './rendered.ts'
import { projectFolder } from './sources.ts'

/** One change of an object. Every part of a path but the last leads to a map or, by number, to a map in a list. */
interface Change {
  readonly path: readonly (string | number)[]
  readonly op: 'set' | 'unset' | 'append' | 'prepend'
  readonly value?: unknown
}

interface Part {
  readonly add: readonly JsonRecord[]
  readonly change: readonly { readonly kind: string; readonly name: string; readonly changes: readonly Change[] }[]
}

/** Overlays and components of the chart, and what each of them rests on. Applied in this order. */
export const parts: Readonly<Record<string, readonly string[]>> = {
  observe: [],
  strict: [],
  'match-conditions': [],
  audit: [],
  'policy-reports': [],
  'audit-reports': ['audit', 'policy-reports'],
  'calico-repair': [],
  'cert-manager': [],
  'flow-control': [],
  'host-network': [],
  'kubelet-insecure': [],
  'node-taints': [],
  monitoring: [],
  'own-rights': [],
  fallback: [],
  // The last two: one puts a webhook before the others, which are known by their place. Never both.
  bindings: [],
  guard: ['node-taints'],
  scheduler: []
}

type Objects = ReadonlyMap<string, Rendered>

function partOf(name: string, under: Objects): Part {
  const objects = objectsOf(goldenOf(name))
  for (const key of under.keys()) if (!objects.has(key)) throw new Error(`${name} takes ${key} away`)
  return {
    add: [...objects].filter(([key]) => !under.has(key)).map(([, object]) => object),
    change: [...objects].flatMap(([key, object]) => {
      const changes = changesOf(under.get(key) ?? object, object, [])
      return changes.length === 0 ? [] : [{ kind: object.kind, name: object.metadata.name, changes }]
    })
  }
}

function changesOf(before: JsonRecord, after: JsonRecord, path: readonly (string | number)[]): Change[] {
  const unset = Object.keys(before).filter((key) => !Object.hasOwn(after, key))
  return [
    ...unset.map((key): Change => ({ path: [...path, key], op: 'unset' })),
    ...Object.entries(after).flatMap(([key, value]): Change[] => {
      const at = [...path, key]
      const held = before[key]
      if (isSame(held, value)) return []
      if (isRecord(held) && isRecord(value)) return changesOf(held, value, at)
      if (Array.isArray(held) && Array.isArray(value)) return changesOfList(held, value, at)
      return [{ path: at, op: 'set', value }]
    })
  ]
}

function changesOfList(
  before: readonly unknown[],
  after: readonly unknown[],
  at: readonly (string | number)[]
): Change[] {
  const names = before.map(nameIn)
  const isNamed = !names.includes(undefined)
  const kept = isNamed ? after.filter((each) => names.includes(nameIn(each))) : after.slice(0, before.length)
  const changes = before.flatMap((held, i): Change[] => {
    const value: unknown = kept[i]
    if (isSame(held, value)) return []
    if (!isRecord(held) || !isRecord(value) || nameIn(value) !== names[i])
      return [{ path: at, op: 'set', value: after }]
    return changesOf(held, value, [...at, i])
  })
  const whole = changes.find(({ path, op }) => op === 'set' && path.length === at.length)
  if (whole !== undefined) return [whole]
  const first = isNamed ? after.findIndex((each) => names.includes(nameIn(each))) : 0
  const front = after.slice(0, first)
  // Also what stands between those that were there: of what has names, the order says nothing.
  const back = after.slice(first).filter((each, i) => (isNamed ? !names.includes(nameIn(each)) : i >= before.length))
  return [
    ...changes,
    ...(back.length === 0 ? [] : [{ path: at, op: 'append', value: back } as const]),
    ...(front.length === 0 ? [] : [{ path: at, op: 'prepend', value: front } as const])
  ]
}

function nameIn(value: unknown): unknown {
  return isRecord(value) ? value['name'] : undefined
}

/** The same as templates/_objects.tpl does. */
function applied(objects: Objects, part: Part): Objects {
  const result = new Map([...objects].map(([key, object]) => [key, structuredClone(object)]))
  for (const { kind, name, changes } of part.change) {
    for (const { path, op, value } of changes) {
      let holder = result.get(`${kind}/${name}`) as Record<string | number, unknown>
      for (const step of path.slice(0, -1)) holder = holder[step] as Record<string | number, unknown>
      const key = path.at(-1) ?? ''
      if (op === 'unset') delete holder[key]
      else if (op === 'set') holder[key] = value
      else holder[key] = op === 'append' ? [holder[key], value].flat() : [value, holder[key]].flat()
    }
  }
  for (const object of part.add as Rendered[]) result.set(`${object.kind}/${object.metadata.name}`, object)
  return result
}

const folder = 'manifests/chart/files'
const head = '# Made by npm run golden from what kustomize makes of manifests.\n'

/** The files of the chart that are made, by their path. */
export function chartFiles(): Readonly<Record<string, string>> {
  const base = objectsOf(goldenOf('default'))
  const made = new Map<string, Part>()
  for (const [name, under] of Object.entries(parts)) {
    const objects = under.reduce((held, each) => applied(held, made.get(each) as Part), base as Objects)
    made.set(name, partOf(name, objects))
  }
  const yaml = (value: unknown): string => head + stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
  return {
    'manifests/chart/Chart.yaml': renderChart(),
    'manifests/chart/values.yaml': renderChartValues(),
    'manifests/chart/values.schema.json': renderChartSchema(),
    'manifests/chart/README.md': renderReadme(),
    [`${folder}/objects.yaml`]: yaml({ objects: [...base.values()] }),
    ...Object.fromEntries([...made].map(([name, part]) => [`${folder}/${name}.yaml`, yaml(part)]))
  }
}

/** The versions of chart and program are one. */
function renderChart(): string {
  return `# Made by npm run golden.
apiVersion: v2
name: pidguard
description: Keeps nodes from running out of PIDs, and Calico alive when they nearly do.
type: application
version: ${version}
appVersion: ${version}
kubeVersion: '>=1.19.0-0'
keywords: [admission, pids, calico]
`
}

function renderReadme(): string {
  return `<!-- Made by npm run golden from test/support/chart-values.ts. -->
# pidguard, the chart

    helm install pidguard manifests/chart --namespace pidguard-system --create-namespace --set observe=true

It renders the objects of the overlays and components of kustomize; a test compares both. Names are fixed, so there is one release in a
cluster. No hooks but those of helm test: pidguard makes its certificates itself. An unknown value is an error.

${renderChartTable()}
What other charts have and this one leaves out:

- \`nameOverride\`, \`fullnameOverride\`, \`serviceAccount.name\`: policies, the Lease and roles know our accounts by their names.
- \`objectSelector\`: by a label, who writes a pod would decide whether it is checked. Exemptions of the policy have a reason and an end.
- PodDisruptionBudgets: the controller makes them, in the version that the cluster has.
- A certificate: the Secret \`pidguard-tls\`, made by you, goes before ours.
- \`automountServiceAccountToken\`: without its token pidguard knows no node.
- \`service.type\`, \`service.port\`: only the API server calls it, by the name of the Service. Metrics have one of their own, with \`monitoring.enabled\`.
- \`crds\`: there are none; the policy is a ConfigMap.
- \`namespaceOverride\`: the namespace is that of the release.
`
}

if (import.meta.main) {
  mkdirSync(join(projectFolder, folder), { recursive: true })
  for (const [path, text] of Object.entries(chartFiles())) writeFileSync(join(projectFolder, path), text)
}
