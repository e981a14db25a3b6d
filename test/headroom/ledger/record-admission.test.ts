import t from 'tap'
import { recordAdmission, targetNodeOf } from '../../../src/headroom/ledger/record-admission.ts'
import type { Subject } from '../../../src/kubernetes/subject.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { demand, type Fleet, fleetOf } from '../../support/headroom.ts'
import { settings } from '../../support/settings.ts'
import { podObject, podSubject, subjectFrom, workloadObject } from '../../support/subjects.ts'

function bindingTo(target: unknown, metadata: JsonRecord = { uid: 'a' }): Subject {
  const object = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web', ...metadata }, target }
  return subjectFrom(object, { subResource: 'binding' })
}

const declared = { uid: 'a', annotations: { 'pidguard.io/pids': '300' } }

function note(fleet: Fleet, subject: Subject): void {
  recordAdmission(subject, settings(), fleet.ledger, fleet.headroom)
}

/** PIDs still to be had on the nodes. */
function left({ headroom }: Fleet): number {
  const assessment = headroom.assess(demand({ pids: 1_000_000 }))
  if (assessment.verdict !== 'full') return Number.NaN
  return (assessment.best.ceilings[0]?.free ?? 0) - assessment.waiting.pids
}

t.test('an admitted pod is counted, with what it declares, once', async (t) => {
  const fleet = fleetOf({ n1: {} })
  note(fleet, podSubject({}, declared))
  t.equal(left(fleet), 700)
  note(fleet, podSubject({}, declared))
  t.equal(left(fleet), 700)
  note(fleet, podSubject({}, { uid: 'b' }))
  t.equal(left(fleet), 650, 'with the default where it declares nothing')
})

t.test('a binding counts on its node', async (t) => {
  const fleet = fleetOf({ n1: {}, n2: {} })
  note(fleet, podSubject({}, declared))
  note(fleet, bindingTo({ kind: 'Node', name: 'n1' }))
  t.equal(fleet.ledger.node('n1')?.pending, 300)
  t.equal(fleet.ledger.waiting.pods, 0)
  note(fleet, bindingTo({ kind: 'Node', name: 'n1' }, { uid: 'unheard of' }))
  t.equal(fleet.ledger.node('n1')?.pending, 300)
})

t.test('nothing is put together for a listener while nobody listens', async (t) => {
  const fleet = fleetOf({ n1: {} })
  const said: object[] = []
  for (const isHeard of [false, true]) {
    const sink = { isHeard, add: (reservation: object) => said.push(reservation) }
    const uid = String(isHeard)
    recordAdmission(podSubject({}, { uid }), settings(), fleet.ledger, fleet.headroom, undefined, sink)
    recordAdmission(bindingTo({ name: 'n1' }, { uid }), settings(), fleet.ledger, fleet.headroom, undefined, sink)
  }
  t.match(said, [{ admitted: { uid: 'true', namespace: 'default' } }, { bound: { uid: 'true', node: 'n1' } }])
})

const gates = { schedulingGates: [{ name: 'example.com/quota' }] }

t.test(
  'a pod counts once its last gate is removed, and so does a pod that only claims to be a mirror pod',
  async (t) => {
    const fleet = fleetOf({ n1: {} })
    note(fleet, podSubject({}, declared, { operation: 'UPDATE', oldObject: podObject(gates) }))
    t.equal(left(fleet), 700)
    note(
      fleet,
      podSubject(
        {},
        { ...declared, uid: 'b', annotations: { ...declared.annotations, 'kubernetes.io/config.mirror': 'x' } }
      )
    )
    t.equal(left(fleet), 400)
  }
)

t.test('what takes no room is not counted', async (t) => {
  const mirror = { ...declared, annotations: { 'kubernetes.io/config.mirror': 'x' } }
  const others: Record<string, Subject> = {
    'a dry run': { ...podSubject({}, declared), dryRun: true },
    'a dry run of a binding': { ...bindingTo({ kind: 'Node', name: 'n1' }), dryRun: true },
    'an update': podSubject({}, declared, { operation: 'UPDATE' }),
    'a resize': podSubject({}, declared, { subResource: 'resize' }),
    'a mirror pod, which its node counts by another uid': podSubject({}, mirror, { userName: 'system:node:n1' }),
    'a pod with scheduling gates': podSubject(gates, declared),
    'a pod that keeps its gates': podSubject(gates, declared, { operation: 'UPDATE', oldObject: podObject(gates) }),
    'a template': subjectFrom(workloadObject('apps/v1/Deployment', {}, {}, { uid: 'a' })),
    'a pod without a uid': podSubject(),
    'a uid that is none': subjectFrom(podObject({}, { uid: 5 })),
    'a binding to no node': bindingTo({ kind: 'Node' })
  }
  for (const [name, subject] of Object.entries(others)) {
    const fleet = fleetOf({ n1: {} })
    note(fleet, subject)
    t.equal(left(fleet), 1000, name)
    t.equal(fleet.ledger.podCount, 0, name)
  }
})

t.test('the node of a binding', async (t) => {
  t.equal(targetNodeOf(bindingTo({ kind: 'Node', name: 'n1' })), 'n1')
  t.equal(targetNodeOf(bindingTo({ name: 'n1' })), 'n1', 'a node is what is meant where no kind is given')
  for (const target of [
    null,
    'n1',
    {},
    { kind: 'Node', name: '' },
    { kind: 'Node', name: 5 },
    { kind: 'Pod', name: 'n1' }
  ])
    t.equal(targetNodeOf(bindingTo(target)), undefined)
})
