import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { Headroom } from '../../src/headroom/assess/headroom.ts'
import { Ledger } from '../../src/headroom/ledger/ledger.ts'
import { assumedTime } from '../../src/headroom/ledger/pod-states.ts'
import { recordAdmission } from '../../src/headroom/ledger/record-admission.ts'
import type { ReviewResponse } from '../../src/kubernetes/admission-review.ts'
import { workloadOf } from '../../src/kubernetes/workloads.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { admissionOf } from '../support/admissions.ts'
import { fakeClock } from '../support/fakes.ts'
import { nodeFacts, placementOf, podFacts, reading } from '../support/headroom.ts'
import { reviewOf } from '../support/reviews.ts'
import { podObject } from '../support/subjects.ts'

const victim = 'shop'
const tenants = ['orders', 'billing'] as const
const most = 4_194_304
const limit = 1_000

/** The pods of the victim's Deployment hold what they are counted with, so all that is claimed comes from others. */
const web = { uid: 'web-uid', name: 'web-7f-1', pids: 40, owner: ownerOf('web-7f'), hash: '7f' }

function ownerOf(name: string): JsonRecord {
  return { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: 'rs', controller: true }] }
}

interface World {
  readonly nodes: readonly number[]
  readonly share: number
  readonly tenants: readonly string[]
  readonly budget: boolean
}

/** One thing that a stranger or a tenant does. */
type Act = ReturnType<(typeof act)['generate']>['value_']

const act = fc.record({
  what: fc.constantFrom('forge', 'forge', 'forge', 'refused', 'store', 'store', 'annotate', 'bind', 'delete', 'wait'),
  stranger: fc.constantFrom('10.0.0.66', '10.0.0.67', 'gone'),
  names: fc.constantFrom<string[]>(victim, ...tenants, 'kube-system', 'no-such-namespace', ''),
  tenant: fc.nat(1),
  /** From where a pod that is stored is announced: a tenant who reaches the port does it himself, before it is shown. */
  announcedBy: fc.constantFrom('api', 'api', '10.0.0.66'),
  pids: fc.constantFrom('1', '50', '400', '1000', String(most), 'much', undefined),
  node: fc.constantFrom('n0', 'n1', 'n2', 'n9', undefined),
  looks: fc.constantFrom('bare', 'web', 'group', 'ungated', 'many terms'),
  dryRun: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  span: fc.constantFrom(1, 2_000, assumedTime - 1, assumedTime, 61_000, 700_000)
})

function podOf(
  uid: string,
  { pids, looks, node }: { pids: string | undefined; looks: Act['looks']; node: string | undefined }
): JsonRecord {
  const annotations = {
    ...(pids === undefined ? undefined : { 'pidguard.io/pids': pids }),
    'pidguard.io/pids-estimate': '1'
  }
  const group = looks === 'group' ? { labels: { 'scheduling.x-k8s.io/pod-group': 'train' } } : undefined
  const owner = looks === 'web' ? { ...web.owner, labels: { 'pod-template-hash': web.hash } } : undefined
  const tolerations = Array.from({ length: looks === 'many terms' ? 101 : 0 }, (_, i) => ({ key: `k${i}` }))
  const spec = {
    containers: [{ name: 'app', resources: { requests: { cpu: '1', memory: '1Gi' } } }],
    ...(node === undefined ? undefined : { nodeName: node }),
    tolerations
  }
  return podObject(spec, { uid, name: `p-${uid}`, annotations, ...group, ...owner })
}

/** A cluster with the victim's pods on it and an API server whose pods are stored. */
function clusterOf(world: World) {
  const clock = fakeClock()
  const ledger = new Ledger(clock, () => 50)
  const headroom = new Headroom(ledger, clock)
  const total = world.budget ? { budget: { total: web.pids + limit, perNode: web.pids + limit } } : {}
  const { admission } = admissionOf(
    { headroom: { floor: { pids: 0 }, claimShare: world.share, ...total } },
    {
      clock,
      facts: () => ({ headroom }),
      admitted: (subject, settings, caller) => recordAdmission(subject, settings, ledger, headroom, caller)
    }
  )
  const read = () => {
    for (const [i, free] of world.nodes.entries())
      ledger.observeReading(
        reading(`n${i}`, clock.now(), {
          host: { limit, inUse: limit - free },
          kubepods: { limit, inUse: limit - free },
          pods: new Map(i === 0 ? [[web.uid, web.pids]] : [])
        })
      )
  }
  const review = (object: JsonRecord, caller: string, change: JsonRecord = {}): ReviewResponse => {
    const metadata = object['metadata'] as JsonRecord
    const body = reviewOf(object, { name: metadata['name'], ...change })
    return JSON.parse(admission('validate', Buffer.from(JSON.stringify(body)), clock.monotonic(), caller).body).response
  }
  for (const i of world.nodes.keys()) ledger.observeNode(nodeFacts(`n${i}`))
  read()
  const meta = { ...web.owner, labels: { 'pod-template-hash': web.hash } }
  ledger.observePod(
    podFacts(web.uid, {
      namespace: victim,
      name: web.name,
      node: 'n0',
      estimated: web.pids,
      workload: workloadOf(meta),
      template: web.hash
    })
  )
  read()
  // A pod of the victim that came and went: the address of the API server is known by it.
  review(podOf('seen', { pids: '1', looks: 'bare', node: undefined }), 'api', { namespace: victim })
  ledger.observePod(podFacts('seen', { namespace: victim, phase: 'Succeeded', estimated: 1 }))
  ledger.removePod('seen')
  return { clock, ledger, read, review }
}

function play(world: World, acts: readonly Act[]) {
  const { clock, ledger, read, review } = clusterOf(world)
  const stored: { readonly uid: string; readonly namespace: string }[] = []
  let last = 0
  const shown = (uid: string, namespace: string, { pids, node }: Act): void => {
    const count = /^\d+$/.test(pids ?? '') ? Number(pids) : 50
    ledger.observePod(
      podFacts(uid, {
        namespace,
        phase: 'Pending',
        estimated: count,
        declared: count,
        node,
        placement: node === undefined ? placementOf({}) : undefined
      })
    )
  }
  for (const one of acts) {
    const { what, stranger, names, node, looks, dryRun } = one
    const namespace = world.tenants[one.tenant % world.tenants.length] ?? names
    const uid = `x${last++}`
    const target = stored.at(-1)
    const isTenant = world.tenants.length > 0
    if (what === 'wait') {
      clock.advance(one.span)
      read()
    } else if (what === 'forge' || !isTenant) {
      const gates = podObject({ schedulingGates: [{ name: 'example.com/gate' }] })
      const change = looks === 'ungated' ? { operation: 'UPDATE', oldObject: gates } : {}
      review(podOf(uid, one), stranger, { namespace: names, dryRun, ...change })
    } else if (what === 'refused') {
      review(podOf(uid, one), 'api', { namespace })
    } else if (what === 'store') {
      const { allowed } = review(podOf(uid, one), one.announcedBy, { namespace })
      if (allowed) stored.push({ uid, namespace })
      // Of pods that were let in unchecked, before or elsewhere, the API server tells too.
      if (allowed || looks === 'bare') shown(uid, namespace, one)
    } else if (what === 'annotate' && target !== undefined) {
      shown(target.uid, target.namespace, { ...one, pids: String(most) })
    } else if (what === 'bind' && node !== undefined) {
      const bound = target ?? { uid, namespace: names }
      const object = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'x', uid: bound.uid },
        target: { name: node }
      }
      review(object, stranger, { subResource: 'binding', namespace: bound.namespace })
    } else if (what === 'delete' && target !== undefined) {
      ledger.removePod(target.uid)
      stored.pop()
    }
  }
  read()
  const ask = (count: number, node?: string): ReviewResponse =>
    review(podOf('asking', { pids: String(count), looks: 'bare', node }), 'api', { namespace: victim, dryRun: true })
  const scale = (): ReviewResponse => {
    const to = (replicas: number) => ({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'web', namespace: victim },
      spec: { replicas }
    })
    return review(to(2), 'api', {
      namespace: victim,
      operation: 'UPDATE',
      subResource: 'scale',
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      oldObject: to(1)
    })
  }
  return { ask, scale }
}

const anyWorld: fc.Arbitrary<World> = fc.record({
  nodes: fc.array(fc.integer({ min: 400, max: limit - web.pids }), { minLength: 1, maxLength: 3 }),
  share: fc.constantFrom(0.1, 0.2, 0.25),
  tenants: fc.constantFrom([], [tenants[0]], tenants),
  budget: fc.boolean()
})

/**
 * What is left to the victim on the nodes when every other namespace keeps its share, and so do all requests together that are
 * not stored: once by pods on nodes, once by pods without.
 */
function leftOf({ nodes, share, tenants }: World): { readonly anywhere: number; readonly on: readonly number[] } {
  const left = 1 - share * (tenants.length + 1)
  return { anywhere: Math.floor(Math.min(...nodes) * left * left), on: nodes.map((free) => Math.floor(free * left)) }
}

function holds(world: World, acts: readonly Act[]): boolean {
  const { ask, scale } = play(world, acts)
  const { anywhere, on } = leftOf(world)
  const denials = [
    ask(anywhere),
    // A pod that names its node still meets the pods without a node, on a fleet of one or more.
    ask(Math.min(anywhere, on[0] ?? 0), 'n0'),
    ...(anywhere >= web.pids ? [scale()] : [])
  ].filter(({ allowed }) => !allowed)
  if (denials.length > 0) throw new Error(denials.map(({ status }) => status?.message).join('\n'))
  return true
}

const acts = fc.array(act, { maxLength: 40, size: 'max' })
const fresh = randomInt(2 ** 31)

for (const seed of [1, 14, 2026, fresh]) {
  t.test(`no strangers and no tenants keep more than their share from a namespace (seed ${seed})`, async (t) => {
    const { failed, error, counterexample } = fc.check(fc.property(anyWorld, acts, holds), { seed, numRuns: 150 }) as {
      failed: boolean
      error?: string | null
      errorInstance?: unknown
      counterexample: unknown
    }
    t.notOk(failed, `${error}\n${JSON.stringify(counterexample)}`)
  })
}

const forged = (change: Partial<Act> = {}): Act => ({
  what: 'forge',
  stranger: '10.0.0.66',
  names: victim,
  tenant: 0,
  announcedBy: 'api',
  pids: String(most),
  node: undefined,
  looks: 'bare',
  dryRun: false,
  span: 1,
  ...change
})

t.test('a flood in the name of the victim keeps the share and no more, for seconds', async (t) => {
  const world: World = { nodes: [900], share: 0.5, tenants: [], budget: true }
  const flood = Array.from({ length: 60 }, () => forged({ pids: '50' }))
  const kept = play(world, flood)
  t.equal(kept.ask(450).allowed, true)
  t.equal(kept.ask(451).allowed, false)
  const later = play(world, [...flood, forged({ what: 'wait', span: assumedTime })])
  t.equal(later.ask(900).allowed, true)
})

t.test('a tenant who announces a pod of his own is not believed of the victim', async (t) => {
  const world: World = { nodes: [900], share: 0.25, tenants: [tenants[0]], budget: true }
  const own = forged({ what: 'store', announcedBy: '10.0.0.66', pids: '1' })
  const flood = Array.from({ length: 40 }, () => forged({ pids: '100' }))
  t.equal(play(world, [own, ...flood]).ask(900 - 225 - 1).allowed, true)
})

t.test('what a stranger says of a workload of the victim is not believed of it', async (t) => {
  const world: World = { nodes: [900], share: 0.25, tenants: [], budget: false }
  t.equal(play(world, [forged({ looks: 'web' })]).scale().allowed, true)
})
