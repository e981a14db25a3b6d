import t, { type Test } from 'tap'
import { countServiceAddresses } from '../../../src/doctor/replicas/service-addresses.ts'
import { sendJson, sendStatus, startFakeApi } from '../../support/fake-api.ts'

const slices = '/apis/discovery.k8s.io/v1/namespaces/own/endpointslices'
const endpoints = '/api/v1/namespaces/own/endpoints/pidguard'

/** What is counted where the API server answers so; a number is a status. What has no answer is not found. */
async function counted(t: Test, answers: Readonly<Record<string, object | number>>): Promise<[unknown, string[]]> {
  const api = await startFakeApi((request, response) => {
    const answer = answers[request.url?.split('?')[0] ?? ''] ?? 404
    if (typeof answer === 'number') sendStatus(response, answer)
    else sendJson(response, answer)
  })
  t.teardown(() => api.stop())
  const count = await countServiceAddresses(api.client, 'own', 'pidguard').catch((error) => error.failure)
  return [count, api.asked]
}

function slice(...ready: (boolean | null | undefined)[]): object {
  return { endpoints: ready.map((each, i) => ({ addresses: [`10.0.0.${i}`], conditions: { ready: each } })) }
}

const cases: { name: string; answers: Record<string, object | number>; want: unknown }[] = [
  { name: 'ready ones of all slices', answers: { [slices]: { items: [slice(true, false), slice(true)] } }, want: 2 },
  {
    name: 'an address without a condition is ready',
    answers: { [slices]: { items: [slice(undefined, null)] } },
    want: 2
  },
  {
    name: 'an endpoint without conditions is ready',
    answers: { [slices]: { items: [{ endpoints: [{ addresses: ['10.0.0.1', '10.0.0.2'] }] }] } },
    want: 2
  },
  { name: 'a slice of nothing', answers: { [slices]: { items: [{ endpoints: null }, {}] } }, want: 0 },
  { name: 'no slice at all', answers: { [slices]: { items: [] } }, want: 0 },
  {
    name: 'slices count where there are both',
    answers: { [slices]: { items: [] }, [endpoints]: { subsets: [{ addresses: [{}, {}] }] } },
    want: 0
  },
  {
    name: 'Endpoints where no slices are served',
    answers: { [endpoints]: { subsets: [{ addresses: [{}, {}] }, { addresses: [{}] }, {}] } },
    want: 3
  },
  { name: 'Endpoints of nothing', answers: { [endpoints]: { subsets: null } }, want: 0 },
  { name: 'neither', answers: {}, want: 0 },
  { name: 'slices that may not be read', answers: { [slices]: 403, [endpoints]: { subsets: [] } }, want: 'forbidden' },
  { name: 'Endpoints that may not be read', answers: { [endpoints]: 403 }, want: 'forbidden' }
]
for (const { name, answers, want } of cases) {
  void t.test(name, async (t) => {
    const [count] = await counted(t, answers)
    t.equal(count, want)
  })
}

void t.test('it asks for the slices of that Service, and for Endpoints only where those are not served', async (t) => {
  const own = `GET ${slices}?labelSelector=kubernetes.io%2Fservice-name%3Dpidguard`
  t.strictSame((await counted(t, { [slices]: { items: [] } }))[1], [own])
  t.strictSame((await counted(t, {}))[1], [own, `GET ${endpoints}`])
})
