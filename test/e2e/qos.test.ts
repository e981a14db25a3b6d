// The QoS class that pidguard computes of a pod, as it is posted and as it is stored, against status.qosClass of the real API
// server: over all combinations of pod-level resources, those of a container, and those of an init container or a sidecar.
import t, { type Test } from 'tap'
import { firstWithPodLevel } from '../../src/kubernetes/qos/pod-level.ts'
import { isBestEffort, qosClassOf } from '../../src/kubernetes/qos/qos.ts'
import { minorVersionOf } from '../../src/kubernetes/server-version.ts'
import type { PodSpec } from '../../src/kubernetes/types.ts'
import { findAssets } from './support/assets.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { type Resources, restricted, restrictedContainer, type StoredPod } from './support/objects.ts'
import { versionOf } from './support/versions.ts'

const none: Resources | undefined = undefined
const cpu = { cpu: '10m' }
const both = { cpu: '10m', memory: '32Mi' }
const zero = { cpu: '0', memory: '0' }

/** Of a container: absent, empty, zero, requests, limits, both, equal and not, of one resource and of both. */
const ofContainer: readonly (Resources | undefined)[] = [
  none,
  {},
  { requests: zero },
  { limits: zero },
  { requests: cpu },
  { limits: cpu },
  { limits: both },
  { requests: cpu, limits: both },
  { requests: both, limits: both },
  { requests: { cpu: '5m', memory: '32Mi' }, limits: both },
  { requests: { 'ephemeral-storage': '1Gi' } }
]
const image = 'example.com/app:1'
/** What comes before: nothing, an init container or one that stays as a sidecar. */
const before: readonly (object | undefined)[] = [
  undefined,
  ...[none, { requests: cpu }, { requests: both, limits: both }].flatMap((resources) => [
    { name: 'before', image, resources },
    { name: 'before', image, resources, restartPolicy: 'Always' }
  ])
]
/** Of the pod as a whole: each holds at least what any container asks for. */
const large = { cpu: '1', memory: '1Gi' }
const ofPod: readonly (Resources | undefined)[] = [
  none,
  {},
  { requests: {} },
  { limits: {} },
  { requests: { cpu: '0' } },
  { requests: zero },
  { limits: zero },
  { requests: large },
  { requests: { cpu: '1' } },
  { limits: { cpu: '1' } },
  { limits: large },
  { requests: large, limits: large },
  { requests: { cpu: '500m', memory: '1Gi' }, limits: large }
]

interface Known extends StoredPod {
  readonly spec: StoredPod['spec'] & PodSpec & { readonly initContainers?: readonly object[] }
}

/** Versions with another meaning of `spec.resources`, which the newest API server can behave like. */
const emulated = [36, 34]

async function compare(t: Test, plane: ControlPlane, emulates?: number): Promise<void> {
  await plane.createNamespace('shop')
  const { body } = await plane.api.get('/version')
  const server = emulates ?? plane.version.minor
  // A program that was built without its version says none here.
  if ((body as { major?: string }).major !== '')
    t.equal(minorVersionOf(body), server, 'the version that /version tells')
  const wrong: string[] = []
  const seen = new Map<string, number>()
  let refused = 0
  for (const resources of ofPod) {
    for (const first of before) {
      for (const own of ofContainer) {
        const spec = {
          ...restricted([{ name: 'app', image, ...(own && { resources: own }) }]),
          ...(resources && { resources }),
          ...(first && { initContainers: [restrictedContainer(first)] })
        }
        const { status, body } = await plane.api.post('/api/v1/namespaces/shop/pods?dryRun=All', {
          metadata: { name: 'tried' },
          spec
        })
        // Most of these ask for more in a container than pod-level resources allow.
        if (status !== 201) {
          refused++
          continue
        }
        const stored = body as Known
        const { qosClass } = stored.status
        seen.set(qosClass, (seen.get(qosClass) ?? 0) + 1)
        for (const [as, podSpec] of Object.entries({ posted: spec as object as PodSpec, stored: stored.spec })) {
          const found = qosClassOf(podSpec, server)
          if (found !== qosClass) {
            wrong.push(`${as} ${found}, is ${qosClass}: ${JSON.stringify({ resources, first, own })}`)
          }
          // Of an unknown server, a pod that is BestEffort somewhere is never taken for another. A server that does not know
          // pod-level resources drops them before it asks a webhook.
          const isAsked = as === 'stored' || server >= firstWithPodLevel
          if (isAsked && qosClass === 'BestEffort' && !isBestEffort(podSpec, undefined))
            wrong.push(`unknown: ${JSON.stringify(spec)}`)
        }
      }
    }
  }
  t.comment(`v1.${server}: ${JSON.stringify(Object.fromEntries(seen))}, ${refused} refused`)
  for (const each of ['Guaranteed', 'Burstable', 'BestEffort']) t.ok((seen.get(each) ?? 0) > 10, each)
  t.strictSame(wrong, [])
}

void t.test('the class of every combination is that of the API server', async (t) => {
  const plane = await startControlPlane()
  t.teardown(() => plane.stop())
  await compare(t, plane)
})

const assets = findAssets(process.env)
const newest = 'programs' in assets ? versionOf(assets.programs.get('kube-apiserver') ?? 'kube-apiserver').minor : 0
for (const emulates of emulated.filter((minor) => newest >= 37 && minor < newest)) {
  void t.test(`and of v1.${emulates}`, async (t) => {
    const plane = await startControlPlane({ emulates })
    t.teardown(() => plane.stop())
    await compare(t, plane, emulates)
  })
}
