import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { startControlPlane } from './support/control-plane.ts'
import { type Installation, install, type Replica } from './support/installation.ts'
import { calicoNode } from './support/objects.ts'

const program = resolve(import.meta.dirname, '../../dist/main.js')
const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl } = plane

interface Report {
  readonly code: number
  readonly text: string
}

function doctor(...args: string[]): Promise<Report> {
  const kubeconfig = join(plane.folder, 'kubeconfig')
  return new Promise((done) => {
    execFile(process.execPath, [program, 'doctor', `--kubeconfig=${kubeconfig}`, ...args], (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), text: stdout + stderr })
    })
  })
}

void t.test('where nothing is installed, it says so and how to install', async (t) => {
  const { code, text } = await doctor()
  t.equal(code, 1)
  t.match(text, /ERROR {2}MutatingWebhookConfiguration: not there/)
  t.match(text, /kubectl apply -k/)
})

let installation: Installation
let replica: Replica

/** Nothing runs the Deployment here, so its status is what a controller would write for one that is well. */
async function reportReady(replicas: number): Promise<void> {
  const path = '/apis/apps/v1/namespaces/pidguard-system/deployments/pidguard'
  const { body } = await plane.api.get(path)
  const status = { replicas, readyReplicas: replicas, updatedReplicas: replicas }
  const { status: code } = await plane.api.put(`${path}/status`, { ...body, status })
  if (code !== 200) throw new Error(`status: ${code}`)
}

void t.test('a sound installation: every line is fine, and the exit code is 0', async (t) => {
  installation = await install(plane)
  replica = await installation.start()
  await replica.ready()
  await reportReady(3)
  const { code, text } = await doctor()
  t.equal(code, 0, text)
  t.notMatch(text, 'ERROR')
  t.match(text, /ok {5}certificate: kept by pidguard/)
  t.match(text, /ok {5}caBundle: carries its authority/)
  t.match(text, /ok {5}a real call: the API server asks pidguard/)
  t.match(text, /info {3}mutate\.pidguard\.io: is called for pods of kube-system/, 'v1.20 does not label it')
  t.equal((await doctor('--fail-on=warn')).code, 0, text)
})

const sick = [
  {
    name: 'a replica is missing',
    break: () => reportReady(2),
    want: /WARN {3}replicas: 2 of 3 ready/,
    code: 0,
    mend: () => reportReady(3)
  },
  {
    name: 'the policy has a mistake',
    break: () =>
      kubectl.ok([
        'patch',
        'configmap/pidguard-policy',
        '-n=pidguard-system',
        '--type=merge',
        `--patch=${JSON.stringify({ data: { 'policy.yaml': 'spec: {rules: {best-efort: off}}' } })}`
      ]),
    want: /ERROR {2}policy: .*best-efort/,
    code: 1,
    mend: () => installation.apply()
  },
  {
    name: 'somebody has made the Calico webhook Fail',
    break: () =>
      kubectl.ok([
        'patch',
        'validatingwebhookconfiguration/pidguard',
        '--type=json',
        '--patch=[{"op":"replace","path":"/webhooks/2/failurePolicy","value":"Fail"}]'
      ]),
    want: /ERROR {2}calico\.validate\.pidguard\.io: failurePolicy Fail for daemonsets/,
    code: 1,
    mend: () => installation.apply()
  },
  {
    name: 'a Calico that detects its backend',
    break: () => kubectl.ok(['create', '--filename=-'], JSON.stringify(calicoNode('kube-system'))),
    want: /WARN {3}Calico kube-system\/calico-node: its iptables backend is left to detection/,
    code: 0,
    mend: () => kubectl.ok(['delete', 'daemonset/calico-node', '-n=kube-system'])
  },
  {
    name: 'nobody answers',
    break: () => replica.stop(),
    want: /ERROR {2}a real call: a pod without requests passed unseen/,
    code: 1,
    mend: async () => {}
  }
]
for (const { name, break: hurt, want, code, mend } of sick) {
  void t.test(`it says what is wrong: ${name}`, async (t) => {
    await hurt()
    const report = await doctor()
    t.match(report.text, want)
    t.equal(report.code, code, report.text)
    await mend()
  })
}

void t.test('as JSON for scripts; and 3 where no cluster answers', async (t) => {
  const { text } = await doctor('--output=json')
  const { checks }: { checks: { level: string; about: string }[] } = JSON.parse(text)
  t.ok(checks.some(({ level, about }) => level === 'error' && about === 'a real call'))
  const api = join(plane.folder, 'gone')
  writeFileSync(api, readFileSync(join(plane.folder, 'kubeconfig'), 'utf8').replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'))
  t.equal((await doctor(`--kubeconfig=${api}`)).code, 3)
})
