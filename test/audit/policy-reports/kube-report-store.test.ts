import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { KubeReportStore } from '../../../src/audit/policy-reports/kube-report-store.ts'
import { ObjectLists } from '../../../src/kube/object-lister.ts'
import { type Answer, sendJson, sendStatus, startFakeApi } from '../../support/fake-api.ts'
import { clusterPolicyReport, openReport, policyReport } from '../../support/report-store.ts'

async function storeOf(t: Test, answer: Answer) {
  const api = await startFakeApi(answer)
  t.teardown(() => api.stop())
  const { signal } = new AbortController()
  const lists = new ObjectLists(api.client, { step() {} }, signal, 1)
  return { store: new KubeReportStore(api.client, lists, signal, 1), asked: api.asked }
}

const at = { namespace: 'shop', name: 'pidguard-x' }

const groups = {
  '/apis/openreports.io/v1alpha1': ['reports', 'reports/status', 'clusterreports'],
  '/apis/wgpolicyk8s.io/v1alpha2': ['policyreports', 'clusterpolicyreports']
}
type Group = keyof typeof groups

function serving(...served: readonly Group[]): Answer {
  return ({ url }, response) => {
    if (!served.includes(url as Group)) sendStatus(response, 404)
    else sendJson(response, { resources: groups[url as Group].map((name) => ({ name })) })
  }
}

t.test('the kinds are those the cluster serves; the one that replaces the other first', async (t) => {
  const kinds = async (...served: Group[]) => {
    const { current, replaced } = await (await storeOf(t, serving(...served))).store.kinds()
    return [current, replaced].map((each) => each.map(({ kind }) => kind))
  }
  const [open, policy] = [
    ['Report', 'ClusterReport'],
    ['PolicyReport', 'ClusterPolicyReport']
  ]
  t.strictSame(await kinds('/apis/wgpolicyk8s.io/v1alpha2'), [policy, []])
  t.strictSame(await kinds('/apis/openreports.io/v1alpha1'), [open, []])
  t.strictSame(await kinds('/apis/wgpolicyk8s.io/v1alpha2', '/apis/openreports.io/v1alpha1'), [open, policy])
  t.strictSame(await kinds(), [[], []])
})

t.test('of a group only what is installed counts', async (t) => {
  const { store } = await storeOf(t, ({ url }, response) => {
    if (url?.includes('openreports')) sendStatus(response, 404)
    else sendJson(response, { resources: [{ name: 'policyreports' }] })
  })
  t.strictSame(await store.kinds(), { current: [policyReport], replaced: [] })
})

t.test('only ours are listed, and a refusal is told', async (t) => {
  const { store, asked } = await storeOf(t, ({ url }, response) => {
    if (url?.includes('cluster')) sendStatus(response, 403)
    else sendJson(response, { metadata: { resourceVersion: '1' }, items: [{ metadata: { name: 'a' } }] })
  })
  const seen: unknown[] = []
  t.equal(await store.list(policyReport, ({ metadata }) => void seen.push(metadata)), undefined)
  t.strictSame(seen, [{ name: 'a' }])
  t.match(asked[0], /policyreports\?.*labelSelector=app.kubernetes.io%2Fmanaged-by%3Dpidguard/)
  t.match(await store.list(clusterPolicyReport, () => {}), {
    part: 'clusterpolicyreports.wgpolicyk8s.io',
    reason: 'forbidden'
  })
})

t.test('an API server that fails while it lists is a failure to tell, not the end of the audit', async (t) => {
  const { store } = await storeOf(t, (_request, response) => sendStatus(response, 500))
  t.match(await store.list(policyReport, () => {}), { part: 'policyreports.wgpolicyk8s.io', reason: 'server-error' })
})

t.test('a report is applied by the server, as ours, whoever wrote it before', async (t) => {
  const bodies: unknown[] = []
  const types: unknown[] = []
  const { store, asked } = await storeOf(t, (request, response) => {
    types.push(request.headers['content-type'])
    void json(request).then((body) => {
      bodies.push(body)
      sendJson(response, body)
    })
  })
  t.equal(await store.apply(openReport, at, { a: 1 }), 'written')
  t.equal(await store.apply(clusterPolicyReport, { ...at, namespace: '' }, { b: 2 }), 'written')
  t.strictSame(asked, [
    'PATCH /apis/openreports.io/v1alpha1/namespaces/shop/reports/pidguard-x?fieldManager=pidguard&force=true',
    'PATCH /apis/wgpolicyk8s.io/v1alpha2/clusterpolicyreports/pidguard-x?fieldManager=pidguard&force=true'
  ])
  t.strictSame(bodies, [{ a: 1 }, { b: 2 }])
  t.strictSame([...new Set(types)], ['application/apply-patch+yaml'])
})

const namespaceGone: [string, number, string][] = [
  [
    'going',
    403,
    'policyreports "x" is forbidden: unable to create new content in namespace shop because it is being terminated'
  ],
  ['gone', 404, 'namespaces "shop" not found']
]
for (const [what, code, message] of namespaceGone) {
  t.test(`a namespace that is ${what} needs no report`, async (t) => {
    const { store } = await storeOf(t, (_request, response) => sendJson(response, { kind: 'Status', message }, code))
    t.equal(await store.apply(policyReport, at, {}), 'gone')
  })
}

t.test('other refusals are errors, and are not tried again', async (t) => {
  for (const code of [403, 404, 422]) {
    const { store, asked } = await storeOf(t, (_request, response) => sendStatus(response, code))
    await t.rejects(store.apply(policyReport, at, {}), { message: `status ${code}` })
    t.equal(asked.length, 1)
  }
})

t.test('what fails for the moment is tried four times', async (t) => {
  let count = 0
  const { store } = await storeOf(t, (_request, response) => {
    if (++count < 4) sendStatus(response, count === 1 ? 429 : 503, { 'retry-after': '0' })
    else sendJson(response, {})
  })
  t.equal(await store.apply(policyReport, at, {}), 'written')
  const never = await storeOf(t, (_request, response) => sendStatus(response, 503))
  await t.rejects(never.store.apply(policyReport, at, {}), { message: 'status 503' })
  t.equal(never.asked.length, 4)
})

t.test('only the very report that was read is removed', async (t) => {
  const bodies: unknown[] = []
  const { store } = await storeOf(t, (request, response) => {
    void json(request).then((body) => {
      bodies.push(body)
      sendJson(response, {})
    })
  })
  await store.remove(policyReport, at, 'u-1')
  t.match(bodies, [{ kind: 'DeleteOptions', preconditions: { uid: 'u-1' } }])
  for (const code of [404, 409]) {
    const gone = await storeOf(t, (_request, response) => sendStatus(response, code))
    await t.resolves(gone.store.remove(policyReport, at, 'u-1'))
  }
  const refused = await storeOf(t, (_request, response) => sendStatus(response, 403))
  await t.rejects(refused.store.remove(policyReport, at, 'u-1'), { message: 'status 403' })
})
