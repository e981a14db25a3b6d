import type { ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { ObjectLists } from '../../src/kube/object-lister.ts'
import type { ListedKind, ListFailure } from '../../src/ports/objects.ts'
import { type Answer, sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'

const pods: ListedKind = { kind: 'Pod', plural: 'pods', apiVersions: ['v1'] }
const cronJobs: ListedKind = { kind: 'CronJob', plural: 'cronjobs', apiVersions: ['batch/v1', 'batch/v1beta1'] }

interface Read {
  readonly names: string[]
  readonly failures: readonly ListFailure[]
  readonly steps: string[]
  readonly asked: string[]
}

async function read(t: Test, kinds: readonly ListedKind[], answer: Answer): Promise<Read> {
  const api = await startFakeApi(answer)
  t.teardown(() => api.stop())
  const [names, steps]: [string[], string[]] = [[], []]
  const progress = { step: (part: string, done: number, total?: number) => void steps.push(`${part} ${done} ${total}`) }
  const lists = new ObjectLists(api.client, progress, new AbortController().signal, 1)
  const failures = await lists.each(kinds, ({ apiVersion, kind, metadata }) => {
    names.push(`${apiVersion} ${kind} ${(metadata as { name: string }).name}`)
  })
  return { names, failures, steps, asked: api.asked }
}

function page(response: ServerResponse, names: readonly string[], next = '', remaining?: number): void {
  const metadata = {
    resourceVersion: '7',
    ...(next && { continue: next }),
    ...(remaining && { remainingItemCount: remaining })
  }
  sendJson(response, { metadata, items: names.map((name) => ({ metadata: { name } })) })
}

t.test('every page is read, and every object says what it is', async (t) => {
  const { names, failures, steps } = await read(t, [pods], (_request, response, query) => {
    if (query.get('continue') === null) page(response, ['a', 'b'], 'next', 1)
    else page(response, ['c'])
  })
  t.strictSame(names, ['v1 Pod a', 'v1 Pod b', 'v1 Pod c'])
  t.strictSame(failures, [])
  t.strictSame(steps, ['pods 2 3', 'pods 3 undefined'])
})

t.test('an expired list goes on where it was', async (t) => {
  const { names, failures, asked } = await read(t, [pods], (_request, response, query) => {
    const at = query.get('continue')
    if (at === null) page(response, ['a'], 'old')
    else if (at === 'fresh') page(response, ['b'])
    else {
      const status = {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: 'too old',
        metadata: { continue: 'fresh' }
      }
      sendJson(response, status, 410)
    }
  })
  t.strictSame(names, ['v1 Pod a', 'v1 Pod b'], 'nothing twice, nothing left out')
  t.strictSame(failures, [])
  t.equal(asked.length, 3)
})

t.test('an expired list that cannot go on is told: part of it was read', async (t) => {
  const { names, failures } = await read(t, [pods], (_request, response, query) => {
    if (query.get('continue') === null) page(response, ['a'], 'old')
    else sendStatus(response, 410)
  })
  t.strictSame(names, ['v1 Pod a'])
  t.match(failures, [{ part: 'pods', kind: 'Pod', reason: 'expired' }])
})

t.test('a token that expires at once is not asked for again and again', async (t) => {
  const { failures, asked } = await read(t, [pods], (_request, response) => {
    sendJson(response, { kind: 'Status', code: 410, message: 'no', metadata: { continue: 'same' } }, 410)
  })
  t.match(failures, [{ reason: 'expired' }])
  t.equal(asked.length, 2)
})

t.test('a kind that may not be read is told, and the next is read', async (t) => {
  const { names, failures } = await read(t, [cronJobs, pods], (request, response) => {
    if (request.url?.startsWith('/apis')) sendStatus(response, 403)
    else page(response, ['a'])
  })
  t.strictSame(names, ['v1 Pod a'])
  t.match(failures, [
    { part: 'cronjobs.batch', kind: 'CronJob', reason: 'forbidden', detail: /list on cronjobs.batch is needed$/ }
  ])
})

t.test('the first version that is served is read; a kind that is not served is nothing missing', async (t) => {
  const { names, failures } = await read(t, [cronJobs, pods], (request, response) => {
    if (request.url?.startsWith('/apis/batch/v1beta1')) page(response, ['a'])
    else sendStatus(response, 404)
  })
  t.strictSame(names, ['batch/v1beta1 CronJob a'])
  t.strictSame(failures, [])
})

t.test('what passes is asked again, for a while', async (t) => {
  let calls = 0
  const { names } = await read(t, [pods], (_request, response) => {
    calls++
    if (calls === 1) sendStatus(response, 500)
    else if (calls === 2) sendStatus(response, 429, { 'retry-after': '0' })
    else page(response, ['a'])
  })
  t.strictSame(names, ['v1 Pod a'])
  t.equal(calls, 3)
})

t.test('where the next kind would fare no better, there is no audit', async (t) => {
  for (const code of [401, 500]) {
    const rejected = read(t, [pods], (_request, response) => sendStatus(response, code))
    await t.rejects(rejected, { code: 'ERR_CLUSTER_UNREACHABLE', message: /pods cannot be listed/ })
  }
})

t.test('a kind of its own group that fails is named, and the next kind is read', async (t) => {
  const widgets: ListedKind = { kind: 'Widget', plural: 'widgets', apiVersions: ['example.com/v1'] }
  const answer: Answer = (request, response) => {
    if (request.url?.startsWith('/apis/example.com')) sendStatus(response, 500)
    else page(response, ['a'])
  }
  const { names, failures } = await read(t, [pods, widgets, pods], answer)
  t.strictSame(names, ['v1 Pod a', 'v1 Pod a'])
  t.match(failures, [{ part: 'widgets.example.com', kind: 'Widget', reason: 'server-error' }])
  await t.rejects(
    read(t, [widgets, pods], answer),
    { code: 'ERR_CLUSTER_UNREACHABLE' },
    'where the API server has answered nothing yet, it may be the API server'
  )
  const policies: ListedKind = {
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    apiVersions: ['networking.k8s.io/v1']
  }
  const own: Answer = (request, response) => {
    if (request.url?.startsWith('/apis/')) sendStatus(response, 500)
    else page(response, ['a'])
  }
  await t.rejects(read(t, [pods, policies], own), { code: 'ERR_CLUSTER_UNREACHABLE' }, 'a group of Kubernetes itself')
})

t.test('a version whose own server fails is no reason to stop while another one has the same objects', async (t) => {
  const felix: ListedKind = {
    kind: 'FelixConfiguration',
    plural: 'felixconfigurations',
    apiVersions: ['projectcalico.org/v3', 'crd.projectcalico.org/v1']
  }
  const behind = await read(t, [felix], (request, response) => {
    if (request.url?.startsWith('/apis/projectcalico.org')) sendStatus(response, 403)
    else page(response, ['default'])
  })
  t.strictSame(behind.names, ['crd.projectcalico.org/v1 FelixConfiguration default'])
  t.strictSame(behind.failures, [])
  const neither = await read(t, [felix], (request, response) => {
    if (request.url?.startsWith('/apis/projectcalico.org')) sendStatus(response, 403)
    else sendStatus(response, 404)
  })
  t.equal(neither.failures.length, 1, 'the failure is reported where no other version is served')
  t.match(neither.failures[0]?.part, 'felixconfigurations.projectcalico.org')
  const refused = await read(t, [felix], (_request, response) => sendStatus(response, 403))
  t.match(
    refused.failures,
    [
      {
        part: 'felixconfigurations.projectcalico.org',
        reason: 'forbidden',
        detail:
          /; list on felixconfigurations\.projectcalico\.org and felixconfigurations\.crd\.projectcalico\.org is needed$/
      }
    ],
    'a refusal does not say which of both is served'
  )
  const older = await read(t, [felix], (request, response) => {
    sendStatus(response, request.url?.startsWith('/apis/projectcalico.org') ? 404 : 403)
  })
  t.match(older.failures, [{ detail: /; list on felixconfigurations\.crd\.projectcalico\.org is needed$/ }])
  const halfway = await read(t, [felix], (request, response, query) => {
    if (!request.url?.startsWith('/apis/projectcalico.org')) page(response, ['default'])
    else if (query.get('continue') === null) page(response, ['default'], 'next')
    else sendStatus(response, 403)
  })
  t.strictSame(halfway.names, ['projectcalico.org/v3 FelixConfiguration default'], 'none is given twice')
  t.equal(halfway.failures.length, 1)
})
