import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import t from 'tap'
import { KubeError } from '../../../src/kube/kube-error.ts'
import { nodeCapacity } from '../../../src/leader/capacity/kube-node-capacity.ts'
import { sendJson, sendStatus, startFakeApi } from '../../support/fake-api.ts'

t.test('one key of capacity and of allocatable, and nothing is read first', async (t) => {
  const told: unknown[] = []
  const statuses = [200, 200, 404, 403]
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url, headers } = request
    told.push([method, url, headers['content-type'], await json(request)])
    const status = statuses.shift() ?? 500
    if (status === 200) sendJson(response, {})
    else sendStatus(response, status)
  }
  const api = await startFakeApi((request, response) => void answer(request, response))
  t.teardown(() => api.stop())
  const capacity = nodeCapacity(api.client)
  const { signal } = new AbortController()
  const list = (value: string | null) => ({ 'pidguard.io/pids': value })
  t.equal(await capacity.write('a', 900, signal), 'written')
  t.equal(await capacity.write('a', undefined, signal), 'written')
  t.strictSame(
    told,
    ['900', null].map((value) => [
      'PATCH',
      '/api/v1/nodes/a/status',
      'application/merge-patch+json',
      { status: { capacity: list(value), allocatable: list(value) } }
    ])
  )
  t.equal(await capacity.write('gone', 900, signal), 'gone')
  await t.rejects(capacity.write('a', 900, signal), KubeError)
})
