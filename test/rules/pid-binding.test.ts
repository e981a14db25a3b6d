import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import { refusedNodeOf } from '../../src/headroom/denial-text.ts'
import type { HeadroomView } from '../../src/headroom/headroom-view.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { Floor } from '../../src/policy/settings.ts'
import { pidBinding } from '../../src/rules/pid-binding.ts'
import { fleetOf, type NodeSketch, plain, podFacts } from '../support/headroom.ts'
import { findingsOf, snapshotOf, told } from '../support/judge.ts'
import { subjectFrom } from '../support/subjects.ts'

const request = { subResource: 'binding' }

function binding(node: unknown, uid: unknown = 'a'): JsonRecord {
  return {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'web-0', namespace: 'default', uid },
    target: { kind: 'Node', name: node }
  }
}

function judge(object: JsonRecord, nodes: Readonly<Record<string, NodeSketch>>, pids?: number) {
  const { headroom, ledger } = fleetOf(nodes)
  if (pids !== undefined)
    ledger.assume({ uid: 'a', namespace: 'default', workload: { kind: 'Pod', name: 'a' }, pids, placement: plain })
  return findingsOf(pidBinding, object, {
    settings: { headroom: { floor: { pids: 0 } } },
    facts: { headroom },
    request
  })
}

t.test('a refusal ends with the token by which all replicas and the leader know the node', async (t) => {
  const [finding] = judge(binding('n1'), { n1: { kubepods: [1000, 700] } }, 301)
  t.match(finding?.detail, / \[pidguard:node=n1\]$/)
  t.equal(refusedNodeOf(finding?.detail ?? ''), 'n1')
})

t.test('the node really chosen must have room, whatever the others have', async (t) => {
  const nodes = { n1: { kubepods: [1000, 700] }, n2: {} } as const
  t.strictSame(told(judge(binding('n1'), nodes, 300)), [])
  t.match(judge(binding('n1'), nodes, 301), [
    {
      pointer: '/target/name',
      reason: 'the chosen node has no room for this pod',
      detail: /^needs 301; n1 has 300 PIDs free under kubepods/
    }
  ])
  t.strictSame(told(judge(binding('n2'), nodes, 301)), [])
})

t.test('a binding leaves a quarter of the floor free', async (t) => {
  const { headroom } = fleetOf({ n1: { kubepods: [1001, 700] } })
  const found = (floor: Floor, estimate: number) =>
    told(
      findingsOf(pidBinding, binding('n1'), {
        settings: { headroom: { floor }, pids: { estimate } },
        facts: { headroom },
        request
      })
    )
  // A tenth of 1001 is 101 PIDs; a quarter of it, rounded up as every floor, is 26.
  t.strictSame([found({ share: 0.1 }, 275), found({ share: 0.1 }, 276)], [[], ['denial /target/name']])
  t.strictSame([found({ pids: 101 }, 275), found({ pids: 101 }, 276)], [[], ['denial /target/name']])
})

t.test('a pod that is not known counts with the default', async (t) => {
  const nodes = (inUse: number) => ({ n1: { kubepods: [1000, inUse] } }) as const
  t.strictSame(told(judge(binding('n1'), nodes(950))), [])
  t.strictSame(told(judge(binding('n1'), nodes(951))), ['denial /target/name'])
  t.strictSame(told(judge(binding('n1', null), nodes(951), 1)), ['denial /target/name'], 'nor is one without a uid')
})

t.test('what is not known of a node does not hold up a binding', async (t) => {
  t.strictSame(told(judge(binding('n1'), { n1: { age: null } })), ['advice /target/name'])
  t.strictSame(told(judge(binding('n9'), { n1: {} })), ['advice /target/name'])
  t.strictSame(told(judge(binding(''), { n1: { kubepods: [1, 1] } })), [])
})

t.test('a pod that runs Felix is not held up, in whatever namespace', async (t) => {
  const felix = { namespace: 'cni', name: 'calico-node', isPinned: true, isFixed: true }
  const { headroom } = fleetOf({ n1: { kubepods: [1000, 999] } })
  const found = (name: string, namespace: string, felixDaemonSets?: (typeof felix)[]) => {
    const object = { ...binding('n1'), metadata: { name, namespace, uid: 'a' } }
    const facts = felixDaemonSets === undefined ? { headroom } : { headroom, felixDaemonSets }
    return findingsOf(pidBinding, object, { facts, request: { ...request, namespace } })
  }
  t.match(found('calico-node-x7k2p', 'cni', [felix]), [
    { advisory: true, detail: /it runs Felix, and is not held up$/ }
  ])
  t.equal(refusedNodeOf(found('calico-node-x7k2p', 'cni', [felix])[0]?.detail ?? ''), undefined, 'nothing was refused')
  for (const [name, namespace] of [
    ['calico-node-x7k2p', 'shop'],
    ['calico-node-extra-x7k2p', 'cni'],
    ['calico-node-server', 'cni'],
    ['calico-node', 'cni']
  ] as const)
    t.strictSame(told(found(name, namespace, [felix])), ['denial /target/name'], `${namespace}/${name}`)
  t.strictSame(told(found('calico-node-x7k2p', 'cni')), ['denial /target/name'], 'DaemonSets of Felix are not known')
})

t.test('a pod of an urgent priority is bound, with a warning', async (t) => {
  const bind = (priority: number) => {
    const { headroom, ledger } = fleetOf({ n1: { kubepods: [1000, 1000] } })
    ledger.observePod(podFacts('a', { phase: 'Pending', estimated: 10, priority }))
    return told(findingsOf(pidBinding, binding('n1'), { facts: { headroom }, request }))
  }
  t.strictSame([bind(1_999_999_999), bind(2_000_000_000)], [['denial /target/name'], ['advice /target/name']])
})

t.test('a failure of the rule itself does not hold it up either', async (t) => {
  const headroom = {
    estimateOf() {
      throw new Error('broken')
    }
  } as unknown as HeadroomView
  const subject = subjectFrom(binding('n1'), request)
  const snapshot = snapshotOf({ facts: { headroom } })
  const verdict = evaluate(subject, [pidBinding], snapshot)
  t.match(verdict.faults, [{ ruleId: 'pid-binding', failsOpen: true }])
  const decision = decide(subject, verdict, snapshot.settings)
  t.equal(decision.allowed, true)
  t.equal(decision.auditAnnotations['pid-binding'], 'fault')
})
