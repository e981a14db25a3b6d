import t from 'tap'
import { FelixCache } from '../../../src/kube/cache/felix-cache.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { memoryLog, sendJson, sendStatus, startFakeApi, systemClock, until } from '../../support/fake-api.ts'
import { calicoObject, workloadObject } from '../../support/subjects.ts'

function named(object: JsonRecord, name: string): JsonRecord {
  return { ...object, metadata: { ...(object['metadata'] as object), name, namespace: 'kube-system' } }
}

t.test('reviews are given FelixConfigurations, and how each Felix DaemonSet is set', async (t) => {
  const pinned = calicoObject({ env: [{ name: 'FELIX_IPTABLESBACKEND', value: 'NFT' }] })
  const api = await startFakeApi((request, response, query) => {
    const url = request.url ?? ''
    if (url.includes('/projectcalico.org/')) return sendStatus(response, 404)
    if (query.has('watch')) return response.writeHead(200).flushHeaders()
    const items = url.includes('daemonsets')
      ? [named(pinned, 'calico-node'), named(workloadObject('apps/v1/DaemonSet'), 'other')]
      : [{ metadata: { name: 'default' }, spec: { iptablesBackend: 'NFT' } }]
    sendJson(response, { metadata: { resourceVersion: '1' }, items })
  })
  const cache = new FelixCache({ api: api.client, clock: systemClock, log: memoryLog(), random: () => 0 })
  t.teardown(async () => {
    await cache.stop()
    await api.stop()
  })
  t.strictSame(cache.known, {}, 'what is not known is left out')
  cache.start()
  await until(
    'both',
    () => Object.keys(cache.known).length === 2,
    () => Object.keys(cache.known)
  )
  t.match(cache.known, {
    felixConfigurations: [{ name: 'default', iptablesBackend: 'NFT' }],
    felixDaemonSets: [{ namespace: 'kube-system', name: 'calico-node', isPinned: true, isFixed: true }]
  })
  t.equal(cache.known.felixDaemonSets?.length, 1)
})
