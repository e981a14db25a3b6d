import { json } from 'node:stream/consumers'
import t from 'tap'
import { ensureDisruptionBudget, keepDisruptionBudget } from '../../src/leader/disruption-budget.ts'
import { type Answer, memoryLog, sendJson, sendStatus, startFakeApi, until } from '../support/fake-api.ts'
import { endTimersOf } from '../support/timers.ts'

const at = (version: string): string => `/apis/policy/${version}/namespaces/system/poddisruptionbudgets`
const { signal } = new AbortController()

/** An API server that serves these versions; a budget is there or not. */
function serving(versions: readonly string[], there: boolean): Answer {
  return (request, response) => {
    const served = versions.some((version) => request.url?.startsWith(at(version)))
    if (!served) return sendStatus(response, 404)
    if (request.method === 'POST') return there ? sendStatus(response, 409) : sendJson(response, {}, 201)
    return there ? sendJson(response, {}) : sendStatus(response, 404)
  }
}

const cases = [
  { name: 'v1.25 and newer', versions: ['v1'], there: false, want: 'made', last: `POST ${at('v1')}` },
  { name: 'v1.21 to v1.24', versions: ['v1', 'v1beta1'], there: false, want: 'made', last: `POST ${at('v1')}` },
  { name: 'v1.20 and older', versions: ['v1beta1'], there: false, want: 'made', last: `POST ${at('v1beta1')}` },
  { name: 'one is there', versions: ['v1'], there: true, want: 'there', last: `GET ${at('v1')}/pidguard` },
  {
    name: 'one is there, old',
    versions: ['v1beta1'],
    there: true,
    want: 'there',
    last: `GET ${at('v1beta1')}/pidguard`
  }
]
for (const { name, versions, there, want, last } of cases) {
  void t.test(`${name}: ${want}`, async (t) => {
    const api = await startFakeApi(serving(versions, there))
    t.teardown(() => api.stop())
    t.equal(await ensureDisruptionBudget(api.client, 'system', 'pidguard', signal), want)
    t.equal(api.asked.at(-1), last)
  })
}

void t.test('made by another in the same moment: there', async (t) => {
  const api = await startFakeApi((request, response) => sendStatus(response, request.method === 'POST' ? 409 : 404))
  t.teardown(() => api.stop())
  t.equal(await ensureDisruptionBudget(api.client, 'system', 'pidguard', signal), 'there')
})

void t.test('an API server that serves neither, or forbids it, is told', async (t) => {
  for (const [code, failure] of [
    [404, 'not-found'],
    [403, 'forbidden']
  ] as const) {
    const api = await startFakeApi((_request, response) => sendStatus(response, code))
    t.teardown(() => api.stop())
    t.match(await ensureDisruptionBudget(api.client, 'system', 'pidguard', signal).catch((error: unknown) => error), {
      failure
    })
  }
})

void t.test('it takes one replica at a time, and lets those go that crash', async (t) => {
  let made: Promise<unknown> | undefined
  const api = await startFakeApi((request, response) => {
    if (request.method !== 'POST') return sendStatus(response, 404)
    made = json(request)
    void made.then(() => sendJson(response, {}, 201))
  })
  t.teardown(() => api.stop())
  await ensureDisruptionBudget(api.client, 'system', 'pidguard', signal)
  t.match(await made, { spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' } })
})

/** A leader's try every millisecond, at an API server that answers every POST with the next of these. */
const keeping = (...answers: readonly number[]) => keepingEvery(1, ...answers)

async function keepingEvery(retry: number | undefined, ...answers: readonly number[]) {
  const [left, log, lead] = [[...answers], memoryLog(), new AbortController()]
  const api = await startFakeApi((request, response) => {
    if (request.method !== 'POST') return sendStatus(response, 404)
    const code = left.shift() ?? 403
    return code < 300 ? sendJson(response, {}, code) : sendStatus(response, code)
  })
  const kept = keepDisruptionBudget(
    { api: api.client, namespace: 'system', name: 'pidguard', log, ...(retry === undefined ? {} : { retry }) },
    lead.signal
  )
  return {
    api,
    log,
    lead,
    kept,
    told: () => log.lines.map(({ level, fields }) => `${level} ${fields['failure'] ?? ''}`)
  }
}

void t.test('refused again and again: told once, until it is made', async (t) => {
  const { api, kept, told } = await keeping(403, 403, 403, 201)
  t.teardown(() => api.stop())
  await kept
  t.strictSame(told(), ['warn forbidden', 'info '])
  t.equal(api.asked.filter((each) => each.startsWith('POST')).length, 4)
})

void t.test('what refuses it is asked again after five minutes', async (t) => {
  const ended = endTimersOf(t, 300_000)
  const { api, kept, told } = await keepingEvery(undefined, 403, 201)
  t.teardown(() => api.stop())
  await kept
  t.strictSame(told(), ['warn forbidden', 'info '])
  t.ok(ended() > 0)
})

void t.test('one that is there is nobody’s news', async (t) => {
  const api = await startFakeApi(serving(['v1'], true))
  t.teardown(() => api.stop())
  const log = memoryLog()
  await keepDisruptionBudget({ api: api.client, namespace: 'system', name: 'pidguard', log }, signal)
  t.strictSame(log.lines, [])
})

void t.test('another refusal is told too', async (t) => {
  const { api, kept, told } = await keeping(403, 403, 422, 422, 201)
  t.teardown(() => api.stop())
  await kept
  t.strictSame(told(), ['warn forbidden', 'warn refused', 'info '])
})

void t.test('a leader of before tries no more, and has nothing to tell of its end', async (t) => {
  const { api, lead, kept, told } = await keeping()
  t.teardown(() => api.stop())
  await until(
    'a second try',
    () => api.asked.filter((each) => each.startsWith('POST')).length > 1,
    () => api.asked
  )
  lead.abort()
  await kept
  t.strictSame(told(), ['warn forbidden'])
})
