// The chart on a real API server, with each Helm that is there, as people use it: lint, install, test, upgrade, rollback, uninstall. What kubelets
// do is done by runPods.
import t from 'tap'
import { pidsEstimate } from '../../src/kubernetes/annotations.ts'
import { chartFolder, helmSince, helms } from '../support/helm.ts'
import { startControlPlane } from './support/control-plane.ts'
import { askDoctor } from './support/doctor.ts'
import { chartFor, helmOf } from './support/helm-cli.ts'
import { caBundles, patience } from './support/installation.ts'
import { addLivingNodes } from './support/nodes.ts'
import { pod, someRequests } from './support/objects.ts'
import { namespace, ownProcesses } from './support/own-processes.ts'
import { runDoctorPods, runPods } from './support/pod-runner.ts'
import { startTraffic } from './support/traffic.ts'
import { until, untilIs } from './support/wait.ts'

const nodes = ['node-a', 'node-b', 'node-c']
const shop = 'shop'
const ofDeployments = `labelSelector=${encodeURIComponent('app.kubernetes.io/name in (pidguard,pidguard-controller,pidguard-guard)')}`
const plane = await startControlPlane({ controllers: true, scheduler: true })
t.teardown(() => plane.stop())
const { kubectl } = plane
const hasFallback = plane.version.minor >= 36
await plane.createNamespace(shop, { 'kubernetes.io/metadata.name': shop })
await addLivingNodes(plane, nodes)
const processes = await ownProcesses(plane)
const pods = runPods(plane, processes)
runDoctorPods(plane)
const chart = chartFor(processes.folder, processes.servicePort)

/** Everything that is stored, but for what the cluster notes down by itself. */
async function everything(): Promise<string[]> {
  const kinds = (await kubectl.ok(['api-resources', '--verbs=list', '--output=name'])).trim().split('\n')
  const wanted = kinds.filter((kind) => !/^(events|componentstatuses|endpoint|leases)/.test(kind))
  const names = await kubectl.ok(['get', wanted.join(), '--all-namespaces', '--ignore-not-found', '--output=name'])
  return names.trim().split('\n').sort()
}

async function refusalOf(object: object): Promise<string> {
  const { code, stderr } = await kubectl.create(object, '--dry-run=server')
  return code === 0 ? '' : stderr
}

const greedy = pod({ name: 'greedy', namespace: shop })
const declared = pod({ name: 'declared', namespace: shop, annotations: { 'pidguard.io/pids': 'many' } }, someRequests)

/** Writes of the webhook configurations by our own account: `caBundle`. */
function writesOfBundle(): number {
  return plane
    .auditEvents()
    .filter(
      ({ verb, user, objectRef }) =>
        ['patch', 'update'].includes(verb) &&
        user.username === `system:serviceaccount:${namespace}:pidguard-controller` &&
        objectRef?.resource.endsWith('webhookconfigurations')
    ).length
}

async function deniedByWebhook(): Promise<void> {
  await until('a denial by the webhook', async () =>
    /admission webhook "validate\.pidguard\.io" denied[\s\S]*best-effort/.test(await refusalOf(greedy))
  )
}

const skip = plane.version.minor < helmSince && `no Helm is made for ${plane.version.text}`
for (const { program, version } of helms) {
  void t.test(`Helm ${version}`, { timeout: 1_500_000, skip }, async (t) => {
    const helm = helmOf(plane, program)
    const own = ['pidguard', `--namespace=${namespace}`]
    async function ok(...args: string[]): Promise<string> {
      const { code, stdout, stderr } = await helm(...args)
      if (code !== 0) throw new Error(`helm ${args.join(' ')}: exit code ${code}\n${stderr}`)
      return stdout
    }
    const values = (of: object) =>
      Object.entries(of).map(([name, value]) => `--set-json=${name}=${JSON.stringify(value)}`)
    const usual = {
      timeoutSeconds: patience,
      failurePolicy: 'Fail',
      'components.fallback': hasFallback,
      logLevel: 'debug'
    }
    const upgrade = (of: object, ...more: string[]) =>
      ok('upgrade', ...own, chart, ...values({ ...usual, ...of }), ...more)
    const waiting = ['--wait', '--timeout=300s']
    const before = await everything()

    await t.test('lint --strict and template', async (t) => {
      t.match(await ok('lint', '--strict', chartFolder), /0 chart\(s\) failed/)
      t.match(await ok('template', ...own, chartFolder), 'kind: ValidatingWebhookConfiguration')
    })

    await t.test('one helm install is a sound installation', async (t) => {
      const notes = await ok('install', ...own, chart, '--create-namespace', ...values(usual), ...waiting)
      t.match(notes, 'pidguard doctor --namespace pidguard-system')
      await deniedByWebhook()
      t.match(await refusalOf(declared), /pid-annotations/)
      const path = `/api/v1/namespaces/${shop}/pods?dryRun=All`
      const { body } = await plane.api.post(path, pod({ name: 'fine', namespace: shop }, someRequests))
      t.ok(body.metadata?.annotations?.[pidsEstimate])
      const { code, stdout } = await askDoctor(plane)
      t.equal(code, 0, stdout)
      if (hasFallback) t.match(stdout, /while we are down.*these rules hold/)
    })

    // Which of the two Helms it is matters less where it takes long.
    const isFirst = program === helms[0]?.program
    await t.test('helm test: what doctor says', async (t) => {
      const { code, stdout, stderr } = await helm('test', ...own)
      t.equal(code, 0, stdout + stderr)
      if (!isFirst) return
      await kubectl.ok(['delete', 'validatingwebhookconfiguration', 'pidguard'])
      t.not((await helm('test', ...own)).code, 0, 'a webhook configuration is missing')
      await upgrade({}, ...waiting)
      await until('the caBundle', async () => (await caBundles(plane)).every((each) => each !== ''))
      await deniedByWebhook()
      // The account of a test that failed stays until the next test.
      t.equal((await helm('test', ...own)).code, 0, 'and is there again')
    })

    await t.test(
      'an upgrade under load with changed values: no call fails, none passes by; caBundle stays',
      async (t) => {
        const [bundles, writes] = [await caBundles(plane), writesOfBundle()]
        const traffic = startTraffic(plane, shop, 2)
        await upgrade(
          { replicaCount: 4, policy: { rules: { 'best-effort': 'warn' } }, podAnnotations: { a: 'b' } },
          ...waiting
        )
        const { calls, refused, missed } = await traffic.stop()
        t.comment(`${calls} calls`)
        t.strictSame([refused, missed], [[], 0])
        t.strictSame(await caBundles(plane), bundles)
        t.equal(writesOfBundle(), writes, 'nobody had to write it again')
        t.equal(pods.nodes().length, 4)
        await processes.mountPolicy()
        await untilIs('no refusal', () => refusalOf(greedy), '')
      }
    )

    await t.test('rollback', async (t) => {
      const bundles = await caBundles(plane)
      await ok('rollback', ...own, ...waiting)
      t.strictSame(await caBundles(plane), bundles)
      await untilIs('replicas', () => pods.nodes().length, 3)
      await processes.mountPolicy()
      await deniedByWebhook()
      t.match(await ok('history', ...own), /Rollback to/)
    })

    await t.test('no release breaks when a value changes', { skip: !isFirst }, async (t) => {
      const traffic = startTraffic(plane, shop, 2)
      const changes: readonly object[] = [
        { guarding: 'guard' },
        Object.fromEntries(
          ['auditReports', 'bindings', 'calicoRepair', 'flowControl', 'matchConditions', 'nodeTaints', 'ownRights'].map(
            (name) => [`components.${name}`, true]
          )
        ),
        {
          excludedNamespaces: ['elsewhere'],
          webhookAnnotations: { a: 'b' },
          commonLabels: { c: 'd' },
          'networkPolicy.enabled': false,
          'resourceQuota.enabled': false,
          extraObjects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'more', namespace } }],
          failurePolicy: 'Ignore'
        },
        {}
      ]
      for (const change of changes) {
        const { code, stderr } = await helm('upgrade', ...own, chart, ...values({ ...usual, ...change }))
        t.equal(code, 0, `${JSON.stringify(change)} ${stderr}`)
        await until('a caBundle in each', async () => (await caBundles(plane)).every((each) => each !== ''))
      }
      await kubectl.ok(['rollout', 'status', 'deployment/pidguard', `--namespace=${namespace}`, '--timeout=300s'])
      t.strictSame((await traffic.stop()).refused, [])
      await deniedByWebhook()
    })

    await t.test('uninstall under load: no call fails, and nothing is left behind', async (t) => {
      const traffic = startTraffic(plane, shop, 2)
      // Helm 3 deletes the Service first, so under Fail the webhooks go before; as docs/install.md says.
      if (version.startsWith('v3')) {
        const configurations = 'mutatingwebhookconfigurations,validatingwebhookconfigurations'
        await kubectl.ok(['delete', configurations, 'pidguard'])
      }
      await ok('uninstall', ...own, ...waiting)
      t.strictSame((await traffic.stop()).refused, [])
      await untilIs('pods', async () => (await plane.api.list('pods', namespace, ofDeployments)).length, 0)
      const left = (await everything()).filter((name) => !before.includes(name))
      t.strictSame(
        left.filter(
          (name) => !/^(secret|poddisruptionbudget|namespace|serviceaccount|configmap|pod\/pidguard-doctor$)/.test(name)
        ),
        []
      )
      // As docs/install.md says: what the program itself made is in the Namespace.
      await kubectl.ok(['delete', 'namespace', namespace, '--timeout=300s'])
      t.strictSame(await everything(), before)
    })
  })
}

if (helms.length === 0)
  void t.test('the chart', { skip: 'no Helm: PIDGUARD_HELM names none, nor is it on PATH' }, async () => {})
