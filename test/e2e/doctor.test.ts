import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { startControlPlane } from './support/control-plane.ts'
import { caBundles, type Installation, install, type Replica, type Running } from './support/installation.ts'
import { limitedUser } from './support/limited-user.ts'
import { carriesItsName } from './support/namespaces.ts'
import { addNode } from './support/nodes.ts'
import { calicoNode, pod, restricted, someRequests } from './support/objects.ts'
import { until } from './support/wait.ts'

const program = resolve(import.meta.dirname, '../../dist/main.js')
const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl } = plane
await plane.createNamespace('calico-system')

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
let controller: Running

/** Nothing runs the Deployment here, so its status is what a controller would write for one that is well. */
async function reportReady(replicas: number, name = 'pidguard'): Promise<void> {
  const path = `/apis/apps/v1/namespaces/pidguard-system/deployments/${name}`
  const { body } = await plane.api.get(path)
  const status = { replicas, readyReplicas: replicas, updatedReplicas: replicas }
  const { status: code } = await plane.api.put(`${path}/status`, { ...body, status })
  if (code !== 200) throw new Error(`status: ${code}`)
}

/** An address of this machine that the API server's proxy to pods accepts; it refuses loopback. */
const address = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

/** Stands for the replica as its kubelet would show it: where it runs, and that it does. */
async function showAsPod({ probePort }: Replica): Promise<void> {
  const path = '/api/v1/namespaces/pidguard-system/pods'
  const labels = { 'app.kubernetes.io/name': 'pidguard' }
  const object = pod({ name: 'pidguard-0', namespace: 'pidguard-system', labels }, someRequests)
  const ports = [{ name: 'probes', containerPort: probePort }]
  const spec = restricted([{ name: 'pidguard', image: 'pidguard:0.1.0', ports }], { nodeName: 'node-1' })
  const made = await plane.api.post(path, { ...object, spec })
  if (made.status !== 201) throw new Error(`pod: ${made.body.message}`)
  const status = { phase: 'Running', podIP: address, podIPs: [{ ip: address }] }
  const { status: code, body } = await plane.api.put(`${path}/pidguard-0/status`, { ...made.body, status })
  if (code !== 200) throw new Error(`status of the pod: ${body.message}`)
}

void t.test('a sound installation: every line is fine, and the exit code is 0', async (t) => {
  installation = await install(plane)
  controller = await installation.startController()
  // Also on the address that stands for the pod's.
  replica = await installation.start('--host=0.0.0.0', '--readings=kubelet')
  await replica.ready()
  await reportReady(3)
  await reportReady(2, 'pidguard-controller')
  await showAsPod(replica)
  const { code, text } = await doctor()
  t.equal(code, 0, text)
  t.notMatch(text, 'ERROR')
  t.match(text, /ok {5}certificate: kept by pidguard/)
  t.match(text, /ok {5}caBundle: carries its authority/)
  t.match(text, /ok {5}a real call: the API server asks pidguard to validate/)
  t.match(text, /ok {5}a real call: the API server asks pidguard to mutate/)
  t.match(text, /info {3}node data of pidguard-0: caches synced; the cluster has no nodes/)
  // Where namespaces carry their name as a label, those of the system are left out by it.
  const isCalled = /info {3}mutate\.pidguard\.io: is called for pods of kube-system/.test(text)
  t.equal(isCalled, !(await carriesItsName(plane.api, 'kube-system')))
  t.equal((await doctor('--fail-on=warn')).code, 0, text)
})

function right(apiGroup: string, resources: string[], verbs = ['get', 'list']): object {
  return { apiGroups: [apiGroup], resources, verbs }
}

void t.test('a user who may not look into pods is told so; what replicas know of nodes is not passed', async (t) => {
  const kubeconfig = await limitedUser(plane, 'default', 'reader', [
    right('', ['secrets', 'configmaps', 'services', 'endpoints', 'namespaces']),
    right('discovery.k8s.io', ['endpointslices']),
    right('', ['pods'], ['get', 'list', 'create']),
    right('apps', ['deployments', 'daemonsets', 'statefulsets']),
    right('crd.projectcalico.org', ['felixconfigurations']),
    right('projectcalico.org', ['felixconfigurations']),
    right('admissionregistration.k8s.io', ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'])
  ])
  const { code, text } = await doctor(`--kubeconfig=${kubeconfig}`)
  t.match(text, /WARN {3}pods\/proxy: may not be read by this user/)
  t.match(text, /0 errors, 1 warning\b/, 'and nothing else is hidden')
  t.notMatch(text, 'node data')
  t.equal(code, 0, text)
})

void t.test(
  'a user with the role view is told what was not looked at, and that nothing of it is missing',
  async (t) => {
    // As the ClusterRole view of every cluster, as far as doctor reads; without a controller manager nobody fills that one.
    const kubeconfig = await limitedUser(plane, 'default', 'viewer', [
      right('', ['configmaps', 'services', 'endpoints', 'namespaces', 'pods']),
      right('discovery.k8s.io', ['endpointslices']),
      right('apps', ['deployments', 'daemonsets', 'statefulsets'])
    ])
    const { code, text } = await doctor(`--kubeconfig=${kubeconfig}`)
    const hidden = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'secrets', 'pods/proxy']
    for (const what of [...hidden, 'felixconfigurations']) {
      t.match(text, `WARN   ${what}: may not be read by this user`)
    }
    t.match(text, /WARN {3}a real call: not looked at: this user may not create pods in default/)
    t.match(text, /0 errors, 6 warnings/)
    t.equal(code, 0, text)
  }
)

void t.test('where somebody else refuses the pod, nothing was looked at, and that is no error', async (t) => {
  const { code, text } = await doctor('--probe-namespace=nowhere')
  t.match(text, /WARN {3}a real call: not looked at: refused by the API server: .*nowhere.*\n.*--probe-namespace/)
  t.match(text, /0 errors, 1 warning\b/)
  t.equal(code, 0, text)
})

const ofOperator = {
  ownerReferences: [
    { apiVersion: 'operator.tigera.io/v1', kind: 'Installation', name: 'default', uid: 'a', controller: true }
  ]
}
const neighbour = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: 'istio-sidecar-injector' },
  webhooks: [
    {
      name: 'namespace.sidecar-injector.istio.io',
      failurePolicy: 'Ignore',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      clientConfig: { url: 'https://127.0.0.1:1/inject' },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }]
    }
  ]
}

async function patchWebhooks(kind: 'mutating' | 'validating', patch: readonly object[]): Promise<void> {
  const target = `${kind}webhookconfiguration/pidguard`
  await kubectl.ok(['patch', target, '--type=json', `--patch=${JSON.stringify(patch)}`])
}

const head = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\n'

/** Into the ConfigMap. */
async function writePolicy(text: string): Promise<void> {
  const patch = `--patch=${JSON.stringify({ data: { 'policy.yaml': text } })}`
  await kubectl.ok(['patch', 'configmap/pidguard-policy', '-n=pidguard-system', '--type=merge', patch])
}

function replacing(field: string, webhook = 0): { op: string; path: string } {
  return { op: 'replace', path: `/webhooks/${webhook}/${field}` }
}

const sick = [
  {
    name: 'no kubelet can be read',
    break: async () => {
      await addNode(plane, 'node-1')
      await until('the node in the metrics', async () => ((await replica.metric('pidguard_nodes')) ?? 0) > 0)
    },
    want: /ERROR {2}node data of pidguard-0: 1 of 1 nodes not known \(1 unread, 0 stale\): node-1 never read/,
    code: 1,
    mend: () => kubectl.ok(['delete', 'node', 'node-1'])
  },
  {
    name: 'a replica is missing',
    break: () => reportReady(2),
    want: /WARN {3}replicas: 2 of 3 ready/,
    code: 0,
    mend: () => reportReady(3)
  },
  {
    name: 'no controller runs',
    break: () => reportReady(0, 'pidguard-controller'),
    want: /ERROR {2}controllers: 0 of 2 ready/,
    code: 1,
    mend: () => reportReady(2, 'pidguard-controller')
  },
  {
    name: 'the policy has a mistake',
    break: () => writePolicy('spec: {rules: {best-efort: off}}'),
    want: /ERROR {2}policy: .*best-efort/,
    code: 1,
    mend: () => installation.apply()
  },
  {
    name: 'somebody has made the Calico webhook Fail',
    break: () => patchWebhooks('validating', [{ ...replacing('failurePolicy', 2), value: 'Fail' }]),
    want: /ERROR {2}calico\.validate\.pidguard\.io: failurePolicy Fail for daemonsets/,
    code: 1,
    mend: () => installation.apply()
  },
  {
    name: 'somebody has taken the Calico webhook away',
    break: () => patchWebhooks('validating', [{ op: 'remove', path: '/webhooks/2' }]),
    want: /ERROR {2}calico\.validate\.pidguard\.io: not in the ValidatingWebhookConfiguration/,
    code: 1,
    mend: async () => {
      await installation.apply()
      await until('its caBundle', async () => (await caBundles(plane)).every((bundle) => bundle !== ''))
    }
  },
  {
    name: 'the webhook for pods leads elsewhere',
    break: () => patchWebhooks('mutating', [{ ...replacing('clientConfig/service/path'), value: '/nowhere' }]),
    want: /ERROR {2}mutate\.pidguard\.io: is called at the Service pidguard-system\/pidguard, path \/nowhere;[\s\S]*ERROR {2}a real call: a pod passed without a mark/,
    code: 1,
    mend: () => installation.apply()
  },
  {
    name: 'the policy leaves namespaces alone whose pods wait all the same',
    // One that the manifests do not name: those they leave out where namespaces carry their name as a label.
    break: async () => {
      await plane.createNamespace('of-a-vendor')
      await writePolicy(`${head}spec: {systemNamespaces: [kube-system, pidguard-system, of-a-vendor]}`)
      await patchWebhooks('validating', [{ ...replacing('failurePolicy'), value: 'Fail' }])
    },
    want: /ERROR {2}validate\.pidguard\.io: pods of .*of-a-vendor.* wait for pidguard, though the policy leaves them alone\n +kubectl label namespace .*of-a-vendor.* pidguard\.io\/admission=ignore/,
    code: 1,
    mend: () => installation.apply()
  },
  {
    name: 'a Calico that detects its backend',
    break: () => kubectl.ok(['create', '--filename=-'], JSON.stringify(calicoNode('kube-system'))),
    want: /WARN {3}Calico kube-system\/calico-node: calico-iptables-backend: iptables backend left to detection .*\n +Set FELIX_IPTABLESBACKEND of container calico-node to what the nodes use/,
    code: 0,
    mend: () => kubectl.ok(['delete', 'daemonset/calico-node', '-n=kube-system'])
  },
  {
    name: 'a Calico of the tigera operator',
    break: () => kubectl.ok(['create', '--filename=-'], JSON.stringify(calicoNode('calico-system', ofOperator))),
    want: /WARN {3}Calico calico-system\/calico-node: calico-iptables-backend: .*\n +Set spec\.iptablesBackend of the FelixConfiguration named default .* The operator that owns this DaemonSet/,
    code: 0,
    mend: () => kubectl.ok(['delete', 'daemonset/calico-node', '-n=calico-system'])
  },
  {
    name: 'somebody else changes pods too',
    break: () => kubectl.ok(['create', '--filename=-'], JSON.stringify(neighbour)),
    want: /info {3}neighbours: istio-sidecar-injector changes pods too, before pidguard/,
    code: 0,
    mend: () => kubectl.ok(['delete', 'mutatingwebhookconfiguration/istio-sidecar-injector'])
  },
  {
    name: 'the cluster runs another version',
    break: () => kubectl.ok(['set', 'image', 'deployment/pidguard', 'pidguard=pidguard:0.0.9', '-n=pidguard-system']),
    want: /WARN {3}version: the cluster runs 0\.0\.9, this is 0\.1\.0/,
    code: 0,
    mend: () => installation.apply()
  },
  {
    name: 'a caBundle of somebody else, and nobody who mends it',
    break: async () => {
      await Promise.all([replica.stop(), controller.stop()])
      await patchWebhooks('validating', [{ ...replacing('clientConfig/caBundle'), value: '' }])
    },
    want: /ERROR {2}caBundle: the API server does not trust the certificate, for validate\.pidguard\.io/,
    code: 1,
    mend: async () => {}
  },
  {
    name: 'nobody answers',
    break: async () => {},
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
