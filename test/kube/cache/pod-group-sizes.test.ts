import t, { type Test } from 'tap'
import { PodGroupSizes } from '../../../src/kube/cache/pod-group-sizes.ts'
import { memoryLog, sendJson, sendStatus, startFakeApi, systemClock, until } from '../../support/fake-api.ts'

const served: Record<string, object> = {
  '/apis/scheduling.k8s.io': {
    versions: [{ groupVersion: 'scheduling.k8s.io/v1' }, { groupVersion: 'scheduling.k8s.io/v1beta1' }]
  },
  '/apis/scheduling.k8s.io/v1': { resources: [{ name: 'priorityclasses' }] },
  '/apis/scheduling.k8s.io/v1beta1': { resources: [{ name: 'podgroups' }, { name: 'podgroups/status' }] }
}

function group(name: string, minCount?: number): object {
  const spec = minCount === undefined ? {} : { schedulingPolicy: { gang: { minCount } } }
  return { metadata: { name, namespace: 'shop', resourceVersion: '1' }, spec }
}

const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`

async function start(t: Test, answers: Record<string, object>, code = 404) {
  const api = await startFakeApi((request, response, query) => {
    const path = request.url?.split('?')[0] ?? ''
    const answer = answers[path]
    if (answer !== undefined) sendJson(response, answer)
    else if (!path.endsWith('/podgroups')) sendStatus(response, code)
    else if (query.has('watch')) {
      response.writeHead(200)
      response.write(line('ADDED', group('c', 2)) + line('DELETED', group('a', 6)))
    } else {
      sendJson(response, { metadata: { resourceVersion: '1' }, items: [group('a', 6), group('b')] })
    }
  })
  const said: (readonly [string, number | undefined])[] = []
  const sizes = new PodGroupSizes(
    { api: api.client, clock: systemClock, log: memoryLog(), random: () => 0 },
    (key, size) => void said.push([key, size])
  )
  t.teardown(async () => {
    await sizes.stop()
    await api.stop()
  })
  sizes.start()
  return { api, said, sizes }
}

void t.test('the version that serves them is followed, and every size is handed on', async (t) => {
  const { api, said, sizes } = await start(t, served)
  await until(
    'the watch',
    () => said.length === 4,
    () => said
  )
  t.strictSame(said, [
    ['scheduling.k8s.io shop/a', 6],
    ['scheduling.k8s.io shop/b', undefined],
    ['scheduling.k8s.io shop/c', 2],
    ['scheduling.k8s.io shop/a', undefined]
  ])
  t.strictSame(
    sizes.all.map(({ resource }) => resource),
    ['podgroups.scheduling.k8s.io']
  )
  const lists = api.asked.filter((asked) => asked.includes('/podgroups?limit'))
  t.match(lists, [/^GET \/apis\/scheduling\.k8s\.io\/v1beta1\/podgroups\?limit=500$/])
})

void t.test('where no scheduler has them, nothing is followed', async (t) => {
  const { api, sizes } = await start(t, {})
  await until(
    'all three asked for',
    () => api.asked.length === 3,
    () => api.asked
  )
  t.strictSame(
    api.asked.toSorted(),
    ['scheduling.k8s.io', 'scheduling.volcano.sh', 'scheduling.x-k8s.io'].map((each) => `GET /apis/${each}`)
  )
  t.strictSame(sizes.all, [])
})

void t.test('while it cannot be found out, it is tried again', async (t) => {
  const { api, sizes } = await start(t, {}, 503)
  await until(
    'each asked for twice',
    () => api.asked.length >= 6,
    () => api.asked
  )
  t.strictSame(sizes.all, [])
})

void t.test('a kind that is installed later is found as soon as a pod names such a group', async (t) => {
  const answers: Record<string, object> = {}
  const { api, said, sizes } = await start(t, answers)
  await until(
    'all three asked for',
    () => api.asked.length === 3,
    () => api.asked
  )
  Object.assign(answers, served)
  sizes.lookSoon('kueue.x-k8s.io')
  await until(
    'the sizes',
    () => {
      sizes.lookSoon('scheduling.k8s.io')
      return said.length === 4
    },
    () => said
  )
  const looks = api.asked.filter((asked) => asked.endsWith('/apis/scheduling.k8s.io'))
  t.equal(looks.length, 2, 'not more often than once a second')
  t.notOk(api.asked.some((asked) => asked.includes('kueue')))
})
