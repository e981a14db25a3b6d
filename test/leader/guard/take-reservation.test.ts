import t from 'tap'
import { assumedTime } from '../../../src/headroom/ledger/pod-states.ts'
import { recordAdmission } from '../../../src/headroom/ledger/record-admission.ts'
import { readReservation, reservationLine } from '../../../src/headroom/reservation.ts'
import { takeReservation } from '../../../src/leader/guard/take-reservation.ts'
import { type Fleet, fleetOf, podFacts } from '../../support/headroom.ts'
import { settings } from '../../support/settings.ts'
import { podSubject, subjectFrom } from '../../support/subjects.ts'

/** A guard whose leader hears what it counts, each in a fleet of its own. */
function pair(): { guard: Fleet; leader: Fleet; heard: string[]; note: (...args: NotedArgs) => void } {
  const [guard, leader] = [fleetOf({ n1: {} }), fleetOf({ n1: {} })]
  const heard: string[] = []
  const sink = {
    isHeard: true,
    add(reservation: Parameters<typeof reservationLine>[0]) {
      const line = reservationLine(reservation) ?? ''
      heard.push(line)
      const read = readReservation(line)
      if (read !== undefined) takeReservation(read, leader.ledger, leader.headroom)
    }
  }
  const note = (...[subject, caller]: NotedArgs): void =>
    recordAdmission(subject, settings(), guard.ledger, guard.headroom, caller, sink)
  return { guard, leader, heard, note }
}

type NotedArgs = [subject: ReturnType<typeof subjectFrom>, caller?: string]

function pod(uid: string, labels: Record<string, string> = {}) {
  return podSubject({ tolerations: [] }, { uid, labels, annotations: { 'pidguard.io/pids': '300' } })
}

function binding(uid: string) {
  const object = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web', uid }, target: { name: 'n1' } }
  return subjectFrom(object, { subResource: 'binding' })
}

function stateOf({ ledger }: Fleet, uid: string): object | undefined {
  const held = ledger.pod(uid)
  if (held === undefined) return undefined
  const { state, estimate, admitted, placement, node, workload, namespace, gang } = held
  return {
    ...{ state, estimate, admitted, signature: placement?.signature, node: node?.name, workload: workload?.workload },
    ...{ namespace: namespace.name, gang: gang !== undefined }
  }
}

void t.test('the leader counts what the guard counts, as the guard does', async (t) => {
  const { guard, leader, note } = pair()
  note(pod('a'), '192.0.2.1')
  note(pod('b', { 'scheduling.x-k8s.io/pod-group': 'g' }), '192.0.2.1')
  for (const uid of ['a', 'b']) t.strictSame(stateOf(leader, uid), stateOf(guard, uid))
  t.match(stateOf(leader, 'a'), { state: 'assumed', estimate: 300 })
  t.strictSame({ ...leader.ledger.waiting }, { ...guard.ledger.waiting })
  note(binding('a'), '192.0.2.1')
  t.strictSame(stateOf(leader, 'a'), stateOf(guard, 'a'))
  t.equal(leader.ledger.node('n1')?.pending, 300)
})

void t.test('what the watch has shown is not undone by a line that comes late', async (t) => {
  const { leader } = pair()
  leader.ledger.observePod(podFacts('a', { node: 'n1', declared: 100 }))
  const before = stateOf(leader, 'a')
  const admitted = { uid: 'a', namespace: 'other', workload: { kind: 'Pod', name: '' }, pids: 900, podSpec: {} }
  takeReservation({ admitted }, leader.ledger, leader.headroom)
  takeReservation({ bound: { uid: 'a', node: 'n2' } }, leader.ledger, leader.headroom)
  t.strictSame(stateOf(leader, 'a'), before)
})

void t.test('the line of a pod that is gone again counts for the time of one that was never stored', async (t) => {
  const { leader, note } = pair()
  note(pod('a'))
  leader.clock.advance(assumedTime - 1)
  leader.ledger.expire()
  t.equal(leader.ledger.waiting.pods, 1)
  leader.clock.advance(1)
  leader.ledger.expire()
  t.equal(leader.ledger.waiting.pods, 0)
})

void t.test('what the guard does not believe in full it does not say', async (t) => {
  const { guard, note, heard } = pair()
  const [server, stranger] = ['192.0.2.1', '198.51.100.7']
  note(pod('a'), server)
  guard.ledger.observePod(podFacts('a', { declared: 300 }))
  t.equal(heard.length, 1)
  note(pod('forged'), stranger)
  note(binding('forged'), stranger)
  note(binding('a'), stranger)
  t.equal(guard.ledger.pod('forged')?.estimate, 300, 'it counts there, as the request of nobody')
  t.equal(heard.length, 1)
  note(pod('a'), server)
  t.equal(heard.length, 1, 'a pod that is there already is not said again')
  note(pod('b'), server)
  note(binding('a'), server)
  t.equal(heard.length, 3)
})
