import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'
import { kubeletAuthority, startFakeKubelet } from '../support/fake-kubelet.ts'
import { runProgram } from '../support/program.ts'

const fixtures = join(import.meta.dirname, '../fixtures')
const recorded = (name: string) => readFileSync(join(fixtures, 'kubelet', name), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'pidguard-top-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const ca = join(folder, 'ca.crt')
writeFileSync(ca, kubeletAuthority.cert)
const nowhere = { PATH: process.env['PATH'], HOME: folder }

const collections: Record<string, string> = {
  '/api/v1/pods': 'incident-pods.json',
  '/api/v1/nodes': 'incident-nodes.json'
}
const api = await startFakeApi((request, response) => {
  const file = collections[request.url?.split('?')[0] ?? '']
  // People who may see nodes and pods need not see the rest.
  if (file === undefined) sendStatus(response, 403)
  else sendJson(response, { ...JSON.parse(recorded(file)), metadata: { resourceVersion: '1' } })
})
t.teardown(() => api.stop())
const kubeconfig = join(folder, 'kubeconfig')
writeFileSync(
  kubeconfig,
  JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: api.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x'
  })
)

void t.test('of a cluster, from its kubelets; what it printed as a snapshot prints the same again', async (t) => {
  const kubelet = await startFakeKubelet(t, (request, response) => {
    const isOurs = request.headers.authorization === 'Bearer secret'
    const body = recorded(
      request.url === '/stats/summary' ? 'incident-stats-summary.json' : 'incident-metrics-cadvisor.txt'
    )
    response.writeHead(isOurs ? 200 : 401).end(body)
  })
  const port = kubelet.target('node-a').kubeletPort
  const cluster = ['--kubeconfig', kubeconfig, '--kubelet-ca', ca, '--kubelet-address', `node-a=127.0.0.1:${port}`]
  const pods = await runProgram(['top', 'pods', ...cluster, '--limit', '2'], nowhere)
  t.equal(pods.stderr, '')
  t.equal(pods.code, 0)
  t.match(pods.stdout, /^default +boom-6fcc68489f-8htpj +502 +33% /m)
  t.match(pods.stdout, /2 more/)
  const written = await runProgram(['top', 'nodes', ...cluster, '-o', 'snapshot'], nowhere)
  const file = join(folder, 'snapshot.yaml')
  writeFileSync(file, written.stdout)
  const again = await runProgram(['top', 'workloads', '--snapshot', file], nowhere)
  t.match(again.stdout, /^default +Deployment\/boom +1006 +502 +1104 +4$/m)
})

void t.test('kubelets out of reach are told, and the exit code is 3', async (t) => {
  const { code, stdout, stderr } = await runProgram(
    ['top', 'nodes', '--kubeconfig', kubeconfig, '--kubelet-address', 'node-a=127.0.0.1:1'],
    nowhere
  )
  t.equal(code, 3)
  t.match(stdout, /^node-a +\? +\? .*unreachable: /m)
  t.match(stderr, /no node could be read\n.*ECONNREFUSED/)
})

const cases: [name: string, args: string[], code: number, stderr: RegExp][] = [
  ['no kubeconfig', [], 2, /no kubeconfig: KUBECONFIG is not set/],
  ['no such kubeconfig', ['--kubeconfig', '/none'], 2, /\/none: ENOENT/],
  ['no such snapshot', ['--snapshot', '/none'], 3, /--snapshot \/none: no such file or folder/],
  ['a broken snapshot', ['--snapshot', ca], 3, /ca\.crt:1:1: /],
  ['no address of Prometheus', ['--kubeconfig', kubeconfig, '--readings', 'prometheus'], 2, /needs --prometheus URL/],
  [
    'a broken address',
    ['--kubeconfig', kubeconfig, '--kubelet-address', 'here'],
    2,
    /expected node=address, found "here"/
  ],
  ['a wrong policy', ['--snapshot', join(fixtures, 'snapshots/thread-leak.yaml'), '--policy', ca], 2, /ca\.crt:1:1/]
]
for (const [name, args, code, want] of cases) {
  void t.test(name, async (t) => {
    const result = await runProgram(['top', 'nodes', ...args], nowhere)
    t.match(result.stderr, want)
    t.equal(result.code, code)
    t.equal(result.stdout, '')
  })
}

void t.test('an API server that refuses is unreachable', async (t) => {
  const closed = await startFakeApi((_request, response) => sendStatus(response, 403))
  const file = join(folder, 'forbidden')
  writeFileSync(file, readFileSync(kubeconfig, 'utf8').replace(api.url, closed.url))
  const { code, stderr } = await runProgram(['top', 'nodes', '--kubeconfig', file], nowhere)
  await closed.stop()
  t.match(stderr, /cannot be listed: status 403/)
  t.equal(code, 3)
})

void t.test('recommend: from snapshots of several moments; from one there is nothing, and exit code 4', async (t) => {
  const snapshot = readFileSync(join(fixtures, 'snapshots', 'thread-leak.yaml'), 'utf8')
  const at = (hour: string) => {
    const file = join(folder, `at-${hour}.yaml`)
    writeFileSync(file, snapshot.replace(/T\d\d:/g, `T${hour}:`))
    return file
  }
  const once = await runProgram(['recommend', '--snapshot', at('08')], nowhere)
  t.equal(once.code, 4)
  t.match(once.stdout, /nothing is recommended: /)
  const twice = await runProgram(['recommend', '--snapshot', at('08'), at('10'), '-o', 'yaml'], nowhere)
  t.equal(twice.code, 0)
  t.match(twice.stdout, /kind: KubeletConfiguration\npodPidsLimit: \d+/)
})
