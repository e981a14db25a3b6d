// From 0.1.0 to this version and back: its own manifests and its own program, under load. What kubelets do is done by runPods.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { projectFolder } from '../support/sources.ts'
import { startControlPlane } from './support/control-plane.ts'
import { buildEarlier, earlierMissing } from './support/earlier.ts'
import { caBundles, folderOf, patience, secretData } from './support/installation.ts'
import { addLivingNodes } from './support/nodes.ts'
import { pod, someRequests } from './support/objects.ts'
import { ownProcesses } from './support/own-processes.ts'
import { runPods } from './support/pod-runner.ts'
import { makeFolder } from './support/processes.ts'
import { startTraffic } from './support/traffic.ts'
import { until, untilIs } from './support/wait.ts'

if (earlierMissing !== false) {
  void t.test('from 0.1.0', { skip: earlierMissing }, async () => {})
} else {
  const folder = makeFolder('pidguard-0.1.0-')
  const old = buildEarlier(folder)
  const program = join(projectFolder, 'dist/main.js')

  void t.test('policies and baselines of 0.1.0 are understood', async (t) => {
    const run = (main: string, ...args: string[]) =>
      spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' })
    const policy = join(folder, 'manifests/policy.yaml')
    const checked = run(program, 'policy', 'check', policy)
    t.equal(checked.status, 0, checked.stdout + checked.stderr)
    const manifest = join(folder, 'manifests/examples/first-look.yaml')
    const baseline = join(folder, 'baseline.yaml')
    t.equal(run(old, 'validate', manifest).status, 1)
    run(old, 'validate', '--write-baseline', baseline, '--reason', 'There before the upgrade', manifest)
    t.match(readFileSync(baseline, 'utf8'), 'There before the upgrade')
    const after = run(program, 'validate', '--policy', policy, '--baseline', baseline, manifest)
    t.equal(after.status, 0, after.stdout + after.stderr)
  })

  const nodes = ['node-a', 'node-b', 'node-c']
  const ours = '--namespace=pidguard-system'
  const plane = await startControlPlane({ controllers: true, scheduler: true })
  t.teardown(() => plane.stop())
  const { kubectl } = plane
  await plane.createNamespace('shop', { 'kubernetes.io/metadata.name': 'shop' })
  await addLivingNodes(plane, nodes)
  const processes = await ownProcesses(plane)
  const pods = runPods(plane, processes, {
    image: 'pidguard:0.1.0',
    start: (...args) => processes.startOther(old, ...args)
  })
  const earlier = folderOf(processes, 'strict', [], patience, {
    manifests: join(folder, 'manifests'),
    validating: 4
  })
  const later = folderOf(processes, 'strict', [], patience, { image: 'next' })
  /** A policy as people wrote it for 0.1.0. */
  const policy = `apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  pids: {estimate: 60, limit: 500}
  requests: {cpu: 15m}
  exemptions:
    - {rules: [best-effort], namespaces: [shop], names: ['report-*'], reason: Vendor image, expires: 2999-01-31}
`

  const annotated = async (): Promise<Record<string, string>> => {
    const path = '/api/v1/namespaces/shop/pods?dryRun=All'
    const declared = pod({ name: 'fine', namespace: 'shop', annotations: { 'pidguard.io/pids': '70' } }, someRequests)
    return { ...(await plane.api.post(path, declared)).body.metadata?.annotations }
  }
  const answers = async (name: string): Promise<string> => {
    const { code, stderr } = await kubectl.create(pod({ name, namespace: 'shop' }), '--dry-run=server')
    return code === 0 ? 'admitted' : /best-effort/.test(stderr) ? 'best-effort' : stderr
  }

  async function rolledOut(...deployments: string[]): Promise<void> {
    for (const name of deployments)
      await kubectl.ok(['rollout', 'status', `deployment/${name}`, ours, '--timeout=300s'])
    await untilIs('replicas', () => pods.nodes().length, 3)
  }

  void t.test('0.1.0 itself', async (t) => {
    await kubectl.ok(['apply', '--kustomize', earlier])
    processes.writePolicy(policy)
    await rolledOut('pidguard')
    await untilIs('a denial', () => answers('greedy'), 'best-effort')
    t.equal(await answers('report-1'), 'admitted')
    t.match(await annotated(), { 'pidguard.io/pids-estimate': '70' })
    t.equal((await kubectl.run(['get', 'deployment', 'pidguard-controller', ours])).code, 1)
  })

  let before: Record<string, string> = {}
  void t.test('upgraded under load: no call fails, none passes by, and one Deployment becomes two', async (t) => {
    before = await annotated()
    const { 'ca.crt': authority } = await secretData(plane)
    const templates = pods.templates()
    const traffic = startTraffic(plane, 'shop', 4)
    await sleep(1_000)
    pods.fewest()
    await kubectl.ok(['apply', '--kustomize', later])
    await rolledOut('pidguard', 'pidguard-controller')
    await sleep(1_000)
    const { calls, refused, missed } = await traffic.stop()
    t.comment(`${calls} calls`)
    t.strictSame([refused, missed], [[], 0])
    t.equal(pods.fewest(), 3, 'a new one is ready before an old one goes')
    t.notOk(
      pods.templates().some((template) => templates.includes(template)),
      'all are new'
    )
    t.equal((await secretData(plane))['ca.crt'], authority, 'the authority of before is kept')
    t.ok((await caBundles(plane)).every((each) => each === authority))
    t.equal(await answers('greedy'), 'best-effort')
    t.equal(await answers('report-1'), 'admitted', 'the exemption of before holds')
    t.strictSame(await annotated(), before)
  })

  void t.test('and back under load, with the one command that removes what 0.1.0 does not know', async (t) => {
    const traffic = startTraffic(plane, 'shop', 4)
    await sleep(1_000)
    pods.fewest()
    await kubectl.ok(['apply', '--kustomize', earlier])
    await kubectl.ok(['delete', 'deployment', 'pidguard-controller', ours])
    await rolledOut('pidguard')
    await sleep(1_000)
    const { calls, refused, missed } = await traffic.stop()
    t.comment(`${calls} calls`)
    t.strictSame([refused, missed], [[], 0])
    t.equal(pods.fewest(), 3)
    t.equal(await answers('greedy'), 'best-effort')
    t.equal(await answers('report-1'), 'admitted')
    t.strictSame(await annotated(), before)
    // A replica of 0.1.0 leads again.
    const patch = JSON.stringify([{ op: 'replace', path: '/webhooks/1/clientConfig/caBundle', value: '' }])
    await kubectl.ok(['patch', 'mutatingwebhookconfiguration/pidguard', '--type=json', `--patch=${patch}`])
    await until('the caBundle', async () => (await caBundles(plane)).every((each) => each !== ''))
  })
}
