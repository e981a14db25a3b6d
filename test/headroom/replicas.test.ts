import t from 'tap'
import { Replicas } from '../../src/headroom/replicas.ts'
import type { PodFacts } from '../../src/ports.ts'
import { podFacts } from '../support/headroom.ts'

function pod(name: string, change: Partial<PodFacts> = {}): PodFacts {
  const workload = { kind: 'Deployment', name: 'pidguard' }
  return { ...podFacts(`uid of ${name}`), name, namespace: 'pidguard-system', node: 'n1', workload, ...change }
}

t.test('the pods of our own workload that may be at work', async (t) => {
  const replicas = new Replicas({ namespace: 'pidguard-system', name: 'a' })
  t.equal(replicas.count, 1, 'ourselves, before we are seen')
  replicas.changed(pod('b'))
  t.equal(replicas.count, 1)
  replicas.changed(pod('a'))
  t.equal(replicas.count, 2)
  replicas.changed(pod('c', { workload: { kind: 'Deployment', name: 'other' } }))
  replicas.changed(pod('d', { namespace: 'shop' }))
  replicas.changed(pod('e', { node: undefined }))
  replicas.changed(pod('f', { phase: 'Failed' }))
  t.equal(replicas.count, 2)
  replicas.changed(pod('g', { deleting: true }))
  t.equal(replicas.count, 3, 'one that is told to go still answers')
  replicas.changed(pod('g', { phase: 'Succeeded' }))
  replicas.removed(pod('b'))
  t.equal(replicas.count, 1)
})

t.test('outside of a pod there is nobody else', async (t) => {
  const replicas = new Replicas(undefined)
  replicas.changed(pod('a'))
  t.equal(replicas.count, 1)
})
