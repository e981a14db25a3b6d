// The QoS class that pidguard computes of a pod, as it is posted and as it is stored, against status.qosClass of the real API
// server: over all combinations of pod-level resources, those of a container, and those of an init container or a sidecar.
import t from 'tap'
import { qosClassOf } from '../../src/kubernetes/qos/qos.ts'
import type { PodSpec } from '../../src/kubernetes/types.ts'
import { startControlPlane } from './support/control-plane.ts'
import { type Resources, restricted, restrictedContainer, type StoredPod } from './support/objects.ts'

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

const plane = await startControlPlane()
t.teardown(() => plane.stop())
await plane.createNamespace('shop')

interface Known extends StoredPod {
  readonly spec: StoredPod['spec'] & PodSpec & { readonly initContainers?: readonly object[] }
}

void t.test('the class of every combination is that of the API server', async (t) => {
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
        const posted = asKnown(spec as object as PodSpec, stored)
        for (const [as, podSpec] of Object.entries({ posted, stored: stored.spec })) {
          const found = qosClassOf(podSpec)
          if (found !== qosClass && !(as === 'posted' && isFilledLater(spec))) {
            wrong.push(`${as} ${found}, is ${qosClass}: ${JSON.stringify({ resources, first, own })}`)
          }
        }
      }
    }
  }
  t.comment(`${plane.version.text}: ${JSON.stringify(Object.fromEntries(seen))}, ${refused} refused`)
  for (const each of ['Guaranteed', 'Burstable', 'BestEffort']) t.ok((seen.get(each) ?? 0) > 10, each)
  t.strictSame(wrong, [])
})

/**
 * From v1.37 on pod-level limits are filled from those of the containers where there are pod-level requests alone; in what is
 * posted that is not seen, so such a pod may count as Burstable where it is Guaranteed. No rule tells the two apart.
 */
function isFilledLater({ resources }: { readonly resources?: Resources }): boolean {
  return resources?.requests !== undefined && resources.limits === undefined
}

/** What an older API server does not know it drops: then it is not part of what was posted either. */
function asKnown(posted: PodSpec, { spec }: Known): PodSpec {
  const { resources, ...rest } = posted as PodSpec & { resources?: object }
  return resources !== undefined && 'resources' in spec ? posted : rest
}
