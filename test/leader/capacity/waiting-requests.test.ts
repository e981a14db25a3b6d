import t from 'tap'
import { WaitingRequests } from '../../../src/leader/capacity/waiting-requests.ts'
import type { PodFacts } from '../../../src/model/cluster-objects.ts'
import { podFacts } from '../../support/headroom.ts'

const waiting = (uid: string, change: Partial<PodFacts> = {}): PodFacts =>
  podFacts(uid, { phase: 'Pending', requested: 50, ...change })

t.test('pods that wait with a request, however often they are shown', async (t) => {
  const requests = new WaitingRequests(() => {})
  requests.changed(waiting('a'), undefined)
  requests.changed(waiting('a'), waiting('a'))
  requests.changed(waiting('gated', { isGated: true }), undefined)
  requests.changed(podFacts('plain', { phase: 'Pending' }), undefined)
  requests.changed(waiting('going', { deleting: true }), undefined)
  requests.changed(waiting('bound', { node: 'n' }), undefined)
  requests.changed(waiting('small', { requested: 7 }), undefined)
  t.strictSame(requests.sizes, [7, 50])
  requests.changed(waiting('a', { node: 'n' }), waiting('a'))
  requests.removed(waiting('gated'))
  requests.removed(waiting('never seen'))
  t.strictSame(requests.sizes, [7])
  requests.removed(waiting('small'))
  t.strictSame(requests.sizes, [])
})

t.test('a pod that a kubelet refuses is counted once, and not again by the next leader', async (t) => {
  const refused: string[] = []
  const requests = new WaitingRequests(({ uid }) => refused.push(uid))
  const failed = (uid: string) => waiting(uid, { node: 'n', phase: 'Failed', isOutOfPids: true })
  requests.changed(failed('before'), undefined)
  requests.changed(failed('a'), waiting('a', { node: 'n' }))
  requests.changed(failed('a'), failed('a'))
  t.strictSame(refused, ['a'])
})
