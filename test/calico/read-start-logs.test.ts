import t, { type Test } from 'tap'
import { readStartLogs } from '../../src/calico/read-start-logs.ts'
import { felixPod } from '../support/calico-clusters.ts'
import { sendStatus, startFakeApi } from '../support/fake-api.ts'

const line = (mode: string) => `Looked up iptables command backendMode="${mode}" saveOrRestore="restore"\n`

/** Answers for the log of each node: a text, or a status. */
async function read(t: Test, logs: Readonly<Record<string, string | number>>) {
  const api = await startFakeApi((request, response) => {
    const [, node = ''] = /\/pods\/calico-node-(\w+)\/log\?/.exec(request.url ?? '') ?? []
    const answer = logs[node] ?? 404
    if (typeof answer === 'number') sendStatus(response, answer)
    else response.writeHead(200).end(answer)
  })
  t.teardown(() => api.stop())
  const pods = Object.keys(logs).map((node) => ({ ...felixPod(node), container: 'felix' }))
  const { seen, gap } = await readStartLogs(api.client, pods, new AbortController().signal)
  return { seen: Object.fromEntries(seen), gap, asked: api.asked }
}

t.test('each log is asked for its beginning; one that does not say it is unknown', async (t) => {
  const { seen, gap, asked } = await read(t, { a: line('nft'), b: 'nothing of it\n', c: line('legacy') })
  t.strictSame(seen, { a: 'NFT', c: 'Legacy' })
  t.equal(gap, undefined)
  t.match(
    asked[0],
    /^GET \/api\/v1\/namespaces\/kube-system\/pods\/calico-node-a\/log\?container=felix&limitBytes=\d+$/
  )
})

t.test('where the first may not be read no other is asked for; a failure of one leaves the others', async (t) => {
  const refused = await read(t, { a: 403, b: 403, c: 403 })
  t.equal(refused.asked.length, 1)
  t.match(refused, { seen: {}, gap: /^pods\/log: / })
  const failed = await read(t, { a: line('nft'), b: 500 })
  t.match(failed, { seen: { a: 'NFT' }, gap: /^pods\/log of 1 of 2 pods: / })
  t.strictSame((await read(t, {})).asked, [])
})
