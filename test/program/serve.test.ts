import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { issueLeaf } from '../../src/certs/issue.ts'
import { program } from '../support/program.ts'
import { reviewOf } from '../support/reviews.ts'
import { metric, type RunningServer, startServer } from '../support/server.ts'
import { podObject } from '../support/subjects.ts'
import { untilHolds as until } from '../support/until.ts'

const head = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\n'

async function start(t: Test, policy?: string): Promise<RunningServer> {
  const server = await startServer(policy === undefined ? {} : { policy })
  t.teardown(() => server.stop())
  return server
}

t.test('the default policy is served without any file, and a BestEffort pod is denied with a remedy', async (t) => {
  const server = await start(t)
  t.equal((await fetch(`${server.probes}/readyz`)).status, 200)
  const { response } = await server.review('validate', reviewOf(podObject()))
  t.equal(response.allowed, false)
  t.match(response.status?.message, /best-effort: .*web|Set resources\.requests/)
})

t.test('a changed policy is in force within seconds; a broken one is told and changes nothing', async (t) => {
  const server = await start(t, head)
  const file = join(server.folder, 'policy.yaml')
  t.equal((await server.review('validate', reviewOf(podObject()))).response.allowed, false)

  await writeFile(file, `${head}spec: {rules: {best-effort: warn}}\n`)
  await until(
    async () => (await metric(server, 'pidguard_policy_generation')) === 2,
    async () => metric(server, 'pidguard_policy_generation')
  )
  t.equal((await server.review('validate', reviewOf(podObject()))).response.allowed, true)

  await writeFile(file, `${head}spec: {rules: {best-efort: off}}\n`)
  await until(
    async () => (await metric(server, 'pidguard_policy_latest')) === 0,
    async () => metric(server, 'pidguard_policy_latest')
  )
  t.equal((await server.review('validate', reviewOf(podObject()))).response.allowed, true)
  t.equal(await metric(server, 'pidguard_policy_generation'), 2)
  await until(
    async () => server.lines.some(({ msg }) => msg === 'policy not loaded, the last good one stays in force'),
    () => server.lines
  )

  await writeFile(file, head)
  await until(
    async () => (await metric(server, 'pidguard_policy_latest')) === 1,
    async () => metric(server, 'pidguard_policy_latest')
  )
  t.equal((await server.review('validate', reviewOf(podObject()))).response.allowed, false)
})

t.test('a changed certificate serves new connections; a pair that does not fit changes nothing', async (t) => {
  const server = await start(t)
  const read = (file: string): Promise<string> => readFile(join(server.folder, file), 'utf8')
  const authority = { cert: await read('ca.crt'), key: await read('ca.key') }
  const before = await serialOf(server)
  const leaf = await issueLeaf(authority, ['127.0.0.1'], { from: Date.now(), days: 30 })

  await writeFile(join(server.folder, 'tls.key'), leaf.key)
  await until(
    async () => server.lines.some(({ msg }) => msg === 'serving certificate not loaded, the last good one stays'),
    () => server.lines
  )
  t.equal(await serialOf(server), before)

  await writeFile(join(server.folder, 'tls.crt'), leaf.cert)
  await until(
    async () => (await serialOf(server)) !== before,
    async () => serialOf(server)
  )
  t.equal((await server.review('validate', reviewOf(podObject()))).response.uid, 'u-1')
})

async function serialOf({ admission }: RunningServer): Promise<string> {
  const { hostname, port } = new URL(admission)
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

t.test('a second start finds its certificate and keeps it', async (t) => {
  const server = await start(t)
  const again = await startServer({ certDir: server.folder })
  t.teardown(() => again.stop())
  t.equal(await serialOf(again), await serialOf(server))
})

t.test('SIGTERM ends the process with code 0, after it was told to the log', async (t) => {
  const server = await startServer()
  t.equal(await server.stop(), 0)
  t.ok(server.lines.some(({ msg }) => msg === 'stopped'))
})

t.test('a port that another program has ends the start with code 2, which port it is, and what to do', async (t) => {
  const server = await start(t)
  const taken = new URL(server.admission).port
  const probes = new URL(server.probes).port
  const kubeconfig = ['--kubeconfig', 'test/fixtures/kubeconfig.yaml']
  const certs = ['--cert-dir', t.testdir(), '--drain', '0']
  for (const [args, want] of [
    [['serve', ...certs, '--port', taken, '--probe-port', '0'], `--port ${taken}`],
    [['serve', ...certs, '--port', '0', '--probe-port', probes], `--probe-port ${probes}`],
    [['controller', ...kubeconfig, '--probe-port', probes], `--probe-port ${probes}`]
  ] as const) {
    const child = spawn(process.execPath, [program, ...args, '--host', '127.0.0.1', '--log-level', 'error'])
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    await once(child, 'close')
    t.match(said, new RegExp(`${want}: another program listens there.* \\(EADDRINUSE\\)`))
    t.equal(child.exitCode, 2)
  }
})

t.test('connections that nobody asked anything on do not keep it from ending with code 0', async (t) => {
  const server = await startServer()
  const { hostname, port } = new URL(server.admission)
  const secure = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
  const bare = connectTcp(Number(port), hostname)
  for (const socket of [secure, bare]) socket.on('error', () => {})
  await Promise.all([once(secure, 'secureConnect'), once(bare, 'connect')])
  t.equal(await server.stop(), 0)
  t.ok(server.lines.some(({ msg }) => msg === 'stopped'))
})

t.test('whoever read its log may go away; it answers on and ends as it should', async (t) => {
  const server = await startServer()
  server.process.stdout?.destroy()
  server.process.stderr?.destroy()
  t.equal((await server.review('validate', reviewOf(podObject()))).response.allowed, false)
  t.equal(await server.stop(), 0)
})

t.test('the README shows lines of what try prints on the first look', async (t) => {
  const root = join(import.meta.dirname, '../..')
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const [, example = ''] = /--snapshot (\S+)/.exec(scripts.start) ?? []
  const server = await startServer({ args: ['--snapshot', join(root, example)] })
  t.teardown(() => server.stop())
  const args = [
    '--server',
    server.admission,
    '--ca',
    join(server.folder, 'ca.crt'),
    'manifests/examples/first-look.yaml'
  ]
  const child = spawn(process.execPath, ['dist/main.js', 'try', ...args], { cwd: root })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  await once(child, 'close')
  t.equal(child.exitCode, 1, 'one of them is denied')
  const [, shown = ''] =
    /try manifests.*?```text\n(.*?)```/s.exec(await readFile(join(root, 'README.md'), 'utf8')) ?? []
  // In their order: … stands for lines that the page leaves out.
  let from = 0
  for (const part of shown.split('…\n')) {
    const at = output.indexOf(part, from)
    t.ok(part.length > 10 && at >= 0, `${part} is in\n${output}`)
    from = at + part.length
  }
})

const refusals = [
  {
    name: 'a policy with mistakes',
    args: ['serve', '--policy', 'package.json'],
    want: /package\.json:\d+:\d+: /,
    code: 2
  },
  {
    name: 'a policy that is not there',
    args: ['serve', '--policy', 'no-such.yaml'],
    want: /no-such\.yaml: expected a policy document: no such file or folder/,
    code: 2
  },
  {
    name: 'a port that is none',
    args: ['serve', '--port', 'x'],
    want: /--port <port>: expected a whole number from 0 to 65535, found "x"/,
    code: 2
  },
  {
    name: 'a snapshot that is not there',
    args: ['serve', '--snapshot', 'no-such.yaml'],
    want: /--snapshot no-such\.yaml: no such file or folder/,
    code: 3
  },
  {
    name: 'a snapshot that is none',
    args: ['serve', '--snapshot', 'package.json'],
    want: /package\.json:\d+:\d+: /,
    code: 3
  },
  {
    name: 'readings from a Prometheus nobody named',
    args: ['serve', '--kubeconfig', 'test/fixtures/kubeconfig.yaml', '--readings', 'prometheus'],
    want: /--readings prometheus needs --prometheus URL/,
    code: 2
  },
  {
    name: 'matchers of Prometheus that are more than matchers',
    args: ['serve', '--prometheus-kubelet', 'job="kubelet"} or vector(1'],
    want: /--prometheus-kubelet <matchers>: expected matchers such as job="kubelet",.*, found "job=/,
    code: 2
  },
  {
    name: 'a controller where there is no cluster',
    args: ['controller', '--audit-interval', '1h'],
    want: /controller: expected a cluster: run in one, or name it by --kubeconfig/,
    code: 2
  },
  {
    name: 'a controller with readings from a Prometheus nobody named',
    args: ['controller', '--kubeconfig', 'test/fixtures/kubeconfig.yaml', '--readings', 'prometheus'],
    want: /--readings prometheus needs --prometheus URL/,
    code: 2
  },
  {
    name: 'duties of the controller asked of a replica',
    args: ['serve', '--audit-interval', '1h'],
    want: /unknown option '--audit-interval'/,
    code: 2
  },
  {
    name: 'reports of audits that nobody makes',
    args: ['controller', '--kubeconfig', 'test/fixtures/kubeconfig.yaml', '--audit-report-objects'],
    want: /--audit-report-objects needs --audit-interval/,
    code: 2
  },
  {
    name: 'an interval that is no span',
    args: ['controller', '--audit-interval', '60'],
    want: /--audit-interval <span>: expected a span of at least 1s such as 90d, 12h or 1m30s, found "60"/,
    code: 2
  },
  { name: 'an unknown verb', args: ['server'], want: /unknown command 'server'[\s\S]*serve/, code: 2 },
  {
    name: 'a server that is not there',
    // Objects, or there is nothing to ask; several, and the first that gets no answer ends the run.
    args: ['try', '--server', 'https://127.0.0.1:1', '--ca', 'LICENSE', 'manifests/examples/first-look.yaml'],
    want: /^pidguard: https:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/m,
    code: 3
  },
  { name: 'a rule that is none', args: ['rules', 'best'], want: /no rule is called "best"/, code: 2 },
  { name: 'help', args: ['--help'], want: /serve/, code: 0 },
  { name: 'the version', args: ['--version'], want: /^\d+\.\d+\.\d+\n$/, code: 0 }
]
for (const { name, args, want, code } of refusals) {
  t.test(`the command line: ${name}`, async (t) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../dist/main.js'), ...args])
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    await once(child, 'close')
    t.match(output, want)
    t.equal(child.exitCode, code)
  })
}
