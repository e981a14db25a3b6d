import t from 'tap'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import { type Subject, subjectOfObject } from '../../src/kubernetes/subject.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { testRule } from '../support/rules.ts'
import { podObject, podSubject, type RequestChange, subjectFrom, workloadObject } from '../support/subjects.ts'

const index = new RuleIndex([
  testRule({ id: 'pods' }),
  testRule({ id: 'both', kinds: ['apps/DaemonSet', '/Pod'], subresources: ['resize'] }),
  testRule({ id: 'sets', kinds: ['apps/DaemonSet'], includesControlled: true })
])

function ids(subject: Subject): string[] {
  return index.rulesFor(subject).map(({ id }) => id)
}

void t.test('rules are found by kind, in their order', async (t) => {
  t.strictSame(ids(podSubject()), ['pods', 'both'])
  t.strictSame(ids(subjectFrom(workloadObject('apps/v1/DaemonSet'))), ['both', 'sets'])
  t.strictSame(ids(subjectFrom(workloadObject('apps/v1/Deployment'))), [])
  for (const kind of ['constructor', '__proto__']) t.strictSame(ids(subjectFrom({ apiVersion: 'v1', kind })), [])
  t.strictSame(
    index.all.map(({ id }) => id),
    ['pods', 'both', 'sets']
  )
})

void t.test('a subresource is seen by the rules that ask for it', async (t) => {
  t.strictSame(ids(podSubject({}, {}, { subResource: 'resize', operation: 'UPDATE' })), ['both'])
  t.strictSame(ids(podSubject({}, {}, { subResource: 'status', operation: 'UPDATE' })), [])
})

const owned = { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'X', name: 'x', controller: true }] }
const mirror = { annotations: { 'kubernetes.io/config.mirror': 'hash' } }
const terminating = { deletionTimestamp: '2026-11-21T00:00:00Z' }
const letThrough: { name: string; metadata?: JsonRecord; change?: RequestChange; through: boolean }[] = [
  { name: 'a creation', through: false },
  { name: 'an update', change: { operation: 'UPDATE' }, through: false },
  { name: 'a deletion', change: { operation: 'DELETE' }, through: true },
  { name: 'a connection', change: { operation: 'CONNECT' }, through: true },
  { name: 'an update of a pod on its way out', metadata: terminating, change: { operation: 'UPDATE' }, through: true },
  { name: 'a new pod that says it is on its way out', metadata: terminating, through: false },
  {
    name: 'a pod with a null deletionTimestamp',
    metadata: { deletionTimestamp: null },
    change: { operation: 'UPDATE' },
    through: false
  },
  { name: 'a mirror pod of a node', metadata: mirror, change: { userName: 'system:node:n1' }, through: true },
  { name: 'a pod that somebody calls a mirror pod', metadata: mirror, change: { userName: 'jane' }, through: false },
  {
    name: 'a user named almost like a node',
    metadata: mirror,
    change: { userName: 'xsystem:node:n1' },
    through: false
  },
  {
    name: 'an update of a stored mirror pod',
    metadata: mirror,
    change: { userName: 'jane', operation: 'UPDATE' },
    through: true
  },
  { name: 'a pod with a controller is judged itself', metadata: owned, through: false }
]
for (const { name, metadata, change, through } of letThrough) {
  void t.test(`${name} is ${through ? 'let through' : 'looked at'}`, async (t) => {
    t.equal(ids(podSubject({}, metadata, change)).length === 0, through)
  })
}

void t.test('what a file or an audit shows is let through by what it says of itself', async (t) => {
  t.strictSame(ids(subjectOfObject(podObject({}, mirror))), [])
  t.strictSame(ids(subjectOfObject(podObject({}, terminating))), [])
})

void t.test('a controlled child is seen only by the rules that say so', async (t) => {
  const object = workloadObject('apps/v1/DaemonSet', {}, {}, owned)
  t.strictSame(ids(subjectFrom(object)), ['sets'])
})

void t.test(
  'what runs and cannot be denied is for rules that look at what runs, where nobody writes it now',
  async (t) => {
    const running = new RuleIndex([testRule({ id: 'pods' }), testRule({ id: 'runs', includesRunning: true })])
    const idsOf = (subject: Subject) => running.rulesFor(subject).map(({ id }) => id)
    t.strictSame(idsOf(podSubject()), ['pods', 'runs'])
    for (const metadata of [mirror, terminating]) {
      const object = podObject({}, metadata)
      t.strictSame(idsOf(subjectOfObject(object)), ['runs'], 'stored')
      t.strictSame(idsOf(subjectFrom(object, { operation: 'UPDATE' })), [], 'written')
    }
  }
)
