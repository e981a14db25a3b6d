import t from 'tap'
import { daemonSetEvents, watchFelix, writeDaemonSet } from '../../../src/leader/calico/kube-daemon-sets.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { otherFelixObject } from '../../support/calico-clusters.ts'
import { memoryLog, sendJson, startFakeApi, systemClock, until } from '../../support/fake-api.ts'
import { calicoObject, workloadObject } from '../../support/subjects.ts'

const stored = (object: JsonRecord, name: string) => ({
  ...object,
  metadata: {
    ...(object['metadata'] as object),
    name,
    namespace: 'kube-system',
    uid: `uid-${name}`,
    resourceVersion: '7',
    managedFields: [{ manager: 'kubectl' }]
  }
})

t.test('DaemonSets of Felix are watched, and no others are kept', async (t) => {
  const api = await startFakeApi((request, response) => {
    if (request.url?.includes('watch=true')) {
      response.writeHead(200).flushHeaders()
      return
    }
    const items = [
      stored(calicoObject(), 'calico-node'),
      stored(workloadObject('apps/v1/DaemonSet'), 'other'),
      stored(otherFelixObject(), 'terway')
    ]
    sendJson(response, { metadata: { resourceVersion: '9' }, items })
  })
  t.teardown(() => api.stop())
  const abort = new AbortController()
  const deps = { api: api.client, clock: systemClock, log: memoryLog(), random: () => 0 }
  const watched = watchFelix(deps)(abort.signal)
  t.equal(watched.isSynced, false)
  await until(
    'the list',
    () => watched.isSynced,
    () => watched
  )
  const [found, ...more] = [...watched.values()]
  t.match(more, [{ name: 'terway' }], 'Felix in a container of another name')
  t.equal(more.length, 1)
  t.match(found, { namespace: 'kube-system', name: 'calico-node', uid: 'uid-calico-node', resourceVersion: '7' })
  t.match(found?.object, { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { managedFields: undefined } })
  abort.abort()
})

t.test('pods of an old revision, as the DaemonSet controller counts them', async (t) => {
  const generation = 3
  const counted: Record<string, JsonRecord> = {
    // The controller leaves out what is 0.
    none: { observedGeneration: 3, currentNumberScheduled: 3 },
    some: { observedGeneration: 3, currentNumberScheduled: 3, updatedNumberScheduled: 2 },
    all: { observedGeneration: 3, currentNumberScheduled: 3, updatedNumberScheduled: 3 },
    behind: { observedGeneration: 2, currentNumberScheduled: 3, updatedNumberScheduled: 3 },
    new: {}
  }
  const api = await startFakeApi((request, response) => {
    if (request.url?.includes('watch=true')) return response.writeHead(200).flushHeaders()
    const items = Object.entries(counted).map(([name, status]) => {
      const object = stored(calicoObject(), name)
      return { ...object, metadata: { ...object.metadata, generation }, status }
    })
    sendJson(response, { metadata: { resourceVersion: '9' }, items })
  })
  t.teardown(() => api.stop())
  const abort = new AbortController()
  const watched = watchFelix({ api: api.client, clock: systemClock, log: memoryLog(), random: () => 0 })(abort.signal)
  await until(
    'the list',
    () => watched.isSynced,
    () => watched
  )
  t.strictSame(Object.fromEntries(Array.from(watched.values(), ({ name, oldPods }) => [name, oldPods])), {
    none: 3,
    some: 1,
    all: 0,
    behind: undefined,
    new: undefined
  })
  abort.abort()
})

t.test('a write is onto the version that was checked, and an Event is about the DaemonSet', async (t) => {
  const bodies: JsonRecord[] = []
  const api = await startFakeApi((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      bodies.push(JSON.parse(text))
      sendJson(response, {}, 201)
    })
  })
  t.teardown(() => api.stop())
  const daemonSet = {
    namespace: 'kube-system',
    name: 'calico-node',
    uid: 'u',
    resourceVersion: '7',
    oldPods: 0,
    object: {}
  }
  const { signal } = new AbortController()
  const operation = { op: 'replace', path: '/spec/updateStrategy', value: { type: 'OnDelete' } } as const
  await writeDaemonSet(api.client)(daemonSet, [operation], signal)
  const event = { type: 'Warning', reason: 'CalicoOutOfPolicy', message: 'x'.repeat(2_000) } as const
  await daemonSetEvents(api.client, { now: () => Date.UTC(2026, 0, 1) })(daemonSet, event, signal)
  t.strictSame(api.asked, [
    'PATCH /apis/apps/v1/namespaces/kube-system/daemonsets/calico-node',
    'POST /api/v1/namespaces/kube-system/events'
  ])
  t.strictSame(bodies[0], [{ op: 'replace', path: '/metadata/resourceVersion', value: '7' }, operation] as never)
  t.match(bodies[1], {
    involvedObject: { kind: 'DaemonSet', name: 'calico-node', namespace: 'kube-system', uid: 'u' },
    firstTimestamp: '2026-01-01T00:00:00Z'
  })
  t.equal(String(bodies[1]?.['message']).length, 1_024)
})
