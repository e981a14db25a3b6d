import fc from 'fast-check'
import t from 'tap'
import { evaluate } from '../../src/engine/evaluate.ts'
import { mutate } from '../../src/engine/mutate.ts'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import { AppError } from '../../src/errors.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { policyRules as rules } from '../../src/rules/index.ts'
import { felixNode } from '../support/calico-clusters.ts'
import { fleetOf } from '../support/headroom.ts'
import { findingsOf, mended, skipsOf, snapshotOf, type World } from '../support/judge.ts'
import { nodeState } from '../support/nodes.ts'
import { calicoObject, podObject, subjectFrom, workloadObject } from '../support/subjects.ts'

/** A policy under which every rule has something to do. */
const busy: World = {
  facts: {
    headroom: fleetOf({ n1: { kubepods: [1000, 990] }, n2: { age: null } }).headroom,
    node: nodeState({ host: [1000, 990], pods: { '0': 500 }, kubelet: {} }),
    felixConfigurations: [{ name: 'default', iptablesBackend: 'Legacy', nftablesMode: 'Enabled' }],
    felixNode: felixNode({ osImage: 'CentOS Linux 7 (Core)', seen: 'NFT' }),
    felixRevisions: { newest: 'b', pods: [{ node: 'node-a', revision: 'a' }] }
  },
  settings: {
    modes: { 'runtime-thread-cap': 'enforce' },
    requests: { bestEffortPods: 'inject' },
    headroom: { budget: { perNode: 10, total: 10 } },
    calico: { iptablesBackend: 'NFT' },
    pids: {
      limit: 1024,
      profiles: (['dotnet', 'jvm'] as const).map((runtime) => ({
        name: runtime,
        match: { images: [`*${runtime}*`], selector: undefined },
        estimate: 9,
        limit: undefined,
        threadCap: { runtime, threads: 200 }
      }))
    }
  }
}

/** Runs every rule that looks at the object, as both webhooks do. An object that is not one of its kind is refused. */
function judge(object: JsonRecord): 'judged' | 'refused' {
  try {
    for (const rule of rules) {
      findingsOf(rule, object, busy)
      skipsOf(rule, object)
    }
    mended(rules, object, busy)
    return 'judged'
  } catch (error) {
    if (error instanceof AppError && error.code === 'ERR_OBJECT_MALFORMED') return 'refused'
    throw error
  }
}

t.test('an object of any shape is judged or refused, and never crashes a rule', async (t) => {
  const words = [
    'FELIX_IPTABLESBACKEND',
    'DOTNET_ThreadPool_ForceMaxWorkerThreads',
    'calico-node',
    'Always',
    'x/dotnet:1'
  ]
  const text = fc.oneof(fc.constantFrom(...words, 'nft', '0', '1', '1Gi', ''), fc.string({ maxLength: 5 }))
  const any = fc.oneof(text, fc.constantFrom(null, true, 0, 3, [], {}), fc.jsonValue({ maxDepth: 2 }))
  /** Mostly what belongs there, sometimes anything. */
  const orAny = (likely: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 9, arbitrary: likely }, { weight: 1, arbitrary: any })
  const some = (parts: Record<string, fc.Arbitrary<unknown>>) => orAny(fc.record(parts, { requiredKeys: [] }))
  const list = (part: fc.Arbitrary<unknown>) => orAny(fc.array(part, { maxLength: 3 }))
  const amounts = some({ cpu: orAny(text), memory: orAny(text), 'hugepages-2Mi': orAny(text) })
  const resources = some({ requests: amounts, limits: amounts })
  const container = orAny(
    fc.record(
      {
        name: fc.oneof(fc.constantFrom('calico-node', 'app'), text),
        image: orAny(fc.constantFrom('calico/node:v3', 'x/dotnet:1', 'x/jvm', 'prom/node-exporter:v1')),
        env: list(orAny(fc.record({ name: text, value: orAny(text), valueFrom: any }, { requiredKeys: ['name'] }))),
        envFrom: list(any),
        command: list(text),
        args: list(text),
        resources,
        restartPolicy: text
      },
      { requiredKeys: ['name'] }
    )
  )
  const requirement = some({
    key: orAny(fc.constant('metadata.name')),
    operator: orAny(fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt')),
    values: list(text)
  })
  const podSpec = some({
    containers: list(container),
    initContainers: list(container),
    ephemeralContainers: list(container),
    resources,
    nodeSelector: some({ 'kubernetes.io/os': text }),
    nodeName: text,
    affinity: some({
      nodeAffinity: some({
        requiredDuringSchedulingIgnoredDuringExecution: some({
          nodeSelectorTerms: list(some({ matchExpressions: list(requirement), matchFields: list(requirement) }))
        })
      })
    }),
    tolerations: list(some({ key: text, operator: text, value: text, effect: text })),
    hostNetwork: any
  })
  const metadata = some({
    name: orAny(text),
    labels: some({ 'k8s-app': orAny(fc.constant('canal')) }),
    annotations: some({ 'pidguard.io/pids': orAny(text), 'pidguard.io/thread-cap': fc.constant('inject') }),
    ownerReferences: list(some({ apiVersion: text, kind: text, name: text, controller: fc.boolean() }))
  })
  const template = some({ metadata, spec: podSpec })
  const object = fc.oneof(
    fc.record({ apiVersion: fc.constant('v1'), kind: fc.constant('Pod'), metadata, spec: podSpec }),
    fc.record({
      apiVersion: fc.constant('apps/v1'),
      kind: fc.constantFrom('DaemonSet', 'Deployment'),
      metadata,
      spec: some({
        template,
        updateStrategy: some({ type: any, rollingUpdate: any }),
        replicas: orAny(fc.nat()),
        strategy: some({ type: any, rollingUpdate: some({ maxSurge: any }) })
      })
    }),
    fc.record({
      apiVersion: fc.constant('batch/v1'),
      kind: fc.constant('CronJob'),
      metadata,
      spec: some({ jobTemplate: some({ spec: some({ template }) }) })
    }),
    fc.record({
      apiVersion: fc.constant('projectcalico.org/v3'),
      kind: fc.constant('FelixConfiguration'),
      metadata,
      spec: some({ iptablesBackend: any })
    }),
    fc.record({
      apiVersion: fc.constant('v1'),
      kind: fc.constant('Node'),
      metadata,
      status: some({ conditions: list(some({ type: orAny(fc.constant('PIDPressure')), status: any })) })
    })
  )
  const results = { judged: 0, refused: 0 }
  fc.assert(
    fc.property(object, (shape) => {
      results[judge(JSON.parse(JSON.stringify(shape)))]++
    }),
    { numRuns: 2000, seed: 1 }
  )
  t.ok(results.judged > 200 && results.refused > 200, JSON.stringify(results))
})

t.test('names of Object.prototype are names like any other', async (t) => {
  const text = JSON.stringify(
    podObject({ containers: [{ name: 'constructor', resources: { requests: { __X__: '1' } } }] })
  )
  const object = JSON.parse(text.replaceAll('__X__', '__proto__')) as JsonRecord
  t.equal(judge(object), 'judged')
  const labelled = podObject({}, { labels: { constructor: 'a' }, annotations: JSON.parse('{"__proto__":"x"}') })
  t.equal(judge(labelled), 'judged')
  t.equal(judge({ apiVersion: 'v1', kind: 'constructor', metadata: {} }), 'judged')
  t.equal(judge({ apiVersion: '__proto__/v1', kind: 'toString', metadata: {} }), 'judged')
})

t.test('the cost grows with the object, not with its square', async (t) => {
  // Lists near the 3 MiB that the API server takes in one request; texts shorter, as counting coverage slows loops down.
  const many = <T>(count: number, one: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => one(i))
  const long = (pattern: string) => pattern.repeat((256 * 1024) / pattern.length)
  const objects: [string, JsonRecord][] = [
    ['containers', podObject({ containers: many(30_000, (i) => ({ name: `c${i}`, image: 'x/dotnet:1' })) })],
    ['spellings', calicoObject({ env: many(50_000, (i) => ({ name: 'FELIX_IPTABLESBACKEND', value: `${i}` })) })],
    [
      'other variables',
      calicoObject({ env: many(50_000, (i) => ({ name: `FELIX_IPTABLESBACKEN${i % 10}`, value: 'x' })) })
    ],
    ['an image of dashes', podObject({ containers: [{ name: 'a', image: long('prometheus-') }] })],
    ['an image of slashes', podObject({ containers: [{ name: 'a', image: long('/node-exporter') }] })],
    ['an image of near misses', podObject({ containers: [{ name: 'a', image: long('dotne') }] })],
    [
      'an argument of flags',
      podObject({ containers: [{ name: 'a', image: 'node-exporter', args: [long('--collector.proces')] }] })
    ],
    ['arguments', podObject({ containers: [{ name: 'a', image: 'x/jvm', args: many(100_000, () => '-XX:Active') }] })],
    ['a quantity', podObject({ containers: [{ name: 'a', resources: { requests: { cpu: long('9') } } }] })],
    ['a declared count', podObject({}, { annotations: { 'pidguard.io/pids': long('1') } })],
    [
      'a hexadecimal cap',
      podObject({
        containers: [
          {
            name: 'a',
            image: 'x/dotnet',
            env: [{ name: 'DOTNET_ThreadPool_ForceMaxWorkerThreads', value: long(' ') }]
          }
        ]
      })
    ],
    [
      'owners',
      workloadObject(
        'apps/v1/DaemonSet',
        {},
        {},
        { ownerReferences: many(20_000, () => ({ apiVersion: 'v1', kind: 'a', name: 'b' })) }
      )
    ],
    ['tolerations', podObject({ tolerations: many(50_000, (i) => ({ key: `k${i}`, operator: 'Exists' })) })],
    [
      'terms',
      podObject({
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: many(30_000, (i) => ({ matchExpressions: [{ key: `k${i}`, operator: 'Exists' }] }))
            }
          }
        }
      })
    ],
    ['labels', podObject({}, { labels: Object.fromEntries(many(50_000, (i) => [`l${i}`, 'x'])) })]
  ]
  for (const [name, object] of objects) {
    const start = process.threadCpuUsage()
    try {
      const subject = subjectFrom(object)
      const matching = new RuleIndex(rules).rulesFor(subject)
      evaluate(subject, matching, snapshotOf(busy))
      mutate(subject, matching, snapshotOf(busy))
    } catch (error) {
      // Refused is quick, too.
      if (!(error instanceof AppError) || error.code !== 'ERR_OBJECT_TOO_LARGE') throw error
    }
    const { user, system } = process.threadCpuUsage(start)
    const took = Math.round((user + system) / 1_000)
    // Milliseconds of this thread on a processor, so that other programs do not count. The worst takes 400 on a laptop and
    // several times that while coverage is counted; quadratic work takes minutes.
    t.ok(took < 10_000, `${name}: ${took} ms`)
  }
})

t.test('a rule that cannot read an object is a fault of that rule, and of no other', async (t) => {
  const subject = subjectFrom(calicoObject({ env: ['x'] }))
  const { faults, findings } = evaluate(subject, new RuleIndex(rules).rulesFor(subject), snapshotOf(busy))
  t.strictSame(
    faults.map(({ ruleId }) => ruleId),
    ['calico-iptables-backend', 'calico-backend-conflict'],
    'both read it'
  )
  t.ok(findings.some(({ ruleId }) => ruleId === 'calico-update-strategy'))
})
