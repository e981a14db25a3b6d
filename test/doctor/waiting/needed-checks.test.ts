import t from 'tap'
import { type SelectorFacts, selectorChecks } from '../../../src/doctor/selector-checks.ts'
import type { NeededWorkload } from '../../../src/doctor/waiting/needed-workloads.ts'
import { deploymentOf, installationOf, namespaceOf, outside, registered } from '../../support/installations.ts'

const base = ['kube-system', 'pidguard-system']
const workload = (need: NeededWorkload['need'], namespace: string, name: string = need): NeededWorkload => ({
  need,
  namespace,
  name,
  labels: { app: name },
  flags: []
})

interface Case {
  readonly name: string
  readonly needed: readonly NeededWorkload[]
  /** Of pidguard. */
  readonly image?: string | undefined
  readonly isStrict?: boolean
  readonly change?: Partial<SelectorFacts>
  readonly want: readonly [level: string, found: RegExp][]
}

function factsOf({ needed, image = 'ghcr.io/x/pidguard:1', isStrict = true, change }: Case): SelectorFacts {
  const namespaces = [...base, 'shop', 'images', 'nodes', 'left-out'].map((name) =>
    namespaceOf(name, name === 'left-out' ? { 'pidguard.io/admission': 'ignore' } : {})
  )
  const webhook = isStrict ? { failurePolicy: 'Fail', namespaceSelector: outside(...base) } : {}
  return installationOf({
    ...registered({ 'validate.pidguard.io': webhook }),
    namespaces,
    needed,
    deployment: deploymentOf(3, 3, image),
    ...change
  })
}

const six = Array.from({ length: 6 }, (_, index) => workload('registry', 'images', `harbor-${index}`))
const cases: Case[] = [
  {
    name: 'an autoscaler in a namespace of its own, under strict',
    needed: [workload('autoscaler', 'nodes', 'karpenter')],
    want: [['error', /^pods of nodes\/karpenter, which make nodes, wait for pidguard: neither could come back alone$/]]
  },
  {
    name: 'the same before strict is applied',
    needed: [workload('autoscaler', 'nodes', 'karpenter')],
    isStrict: false,
    want: [['info', /which make nodes, would wait for pidguard under the overlay strict: neither/]]
  },
  {
    name: 'the same in kube-system, or in a namespace that is left out',
    needed: [workload('autoscaler', 'kube-system'), workload('autoscaler', 'left-out')],
    want: [['info', /^1 left out by/]]
  },
  {
    name: 'a registry in the cluster, and our image comes from the name of its Service',
    needed: [workload('registry', 'images')],
    image: 'registry.images.svc.cluster.local:5000/pidguard:1',
    want: [
      ['error', /^pods of images, from where its image comes \(registry\.images\.svc\.cluster\.local:5000\), wait/]
    ]
  },
  {
    name: 'the same of a program that is not recognised, and before strict',
    needed: [],
    image: 'hub.images.svc/pidguard:1',
    isStrict: false,
    want: [['info', /^pods of images, from where its image comes \(hub\.images\.svc\), would wait/]]
  },
  {
    name: 'a Service in a namespace that is left out',
    needed: [],
    image: 'hub.left-out.svc/pidguard:1',
    want: [['info', /^1 left out by/]]
  },
  {
    name: 'a registry, and our image comes from the node itself',
    needed: [workload('registry', 'images')],
    image: 'localhost:32000/pidguard:1',
    want: [['error', /^pods of images\/registry, which serve images, wait for pidguard: neither/]]
  },
  {
    name: 'a registry, and our image comes from a name that may be its own',
    needed: [workload('registry', 'images')],
    image: 'hub.example.com/pidguard:1',
    want: [['warn', /wait for pidguard: if nodes pull its image \(hub\.example\.com\) from there, neither/]]
  },
  {
    name: 'a registry, and our image comes from a public one, which it may stand in for',
    needed: [workload('registry', 'images')],
    want: [['info', /if nodes pull its image \(ghcr\.io\) from there/]]
  },
  {
    name: 'a registry, and our Deployment may not be read',
    needed: [workload('registry', 'images')],
    change: { deployment: undefined },
    want: [['warn', /if nodes pull its image from there/]]
  },
  {
    name: 'six workloads of one registry are one line',
    needed: six,
    want: [['info', /^pods of images\/harbor-0, .*images\/harbor-4 and 1 more, which serve images/]]
  },
  {
    name: 'pods that the webhook leaves out by their labels',
    needed: [workload('autoscaler', 'nodes', 'karpenter')],
    change: registered({
      'validate.pidguard.io': {
        failurePolicy: 'Fail',
        namespaceSelector: outside(...base),
        objectSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['karpenter'] }] }
      }
    }),
    want: []
  }
]
for (const each of cases) {
  void t.test(each.name, async (t) => {
    const checks = selectorChecks(factsOf(each)).filter(
      ({ found }) => !found.includes('left out by') || each.want.some(([, want]) => want.source.includes('left out'))
    )
    t.strictSame(
      checks.map(({ level }) => level),
      each.want.map(([level]) => level),
      checks.map(({ found }) => found).join('\n')
    )
    for (const [index, [, found]] of each.want.entries()) t.match(checks[index]?.found, found)
    for (const { remedy, found } of checks)
      if (!found.includes('left out by'))
        t.match(remedy, /^kubectl label namespace (images|nodes) pidguard\.io\/admission=ignore$/)
  })
}
