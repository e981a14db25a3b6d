import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { pageText } from '../support/pages.ts'
import { startControlPlane } from './support/control-plane.ts'
import { install } from './support/installation.ts'
import { deployment, pod, restricted, type StoredPod } from './support/objects.ts'
import { until, untilIs } from './support/wait.ts'

const plane = await startControlPlane()
t.teardown(() => plane.stop())
const { kubectl } = plane
for (const name of ['shop', 'legacy', 'other']) {
  await plane.createNamespace(name, { 'kubernetes.io/metadata.name': name })
}
const installation = await install(plane, 'observe')
await installation.startController()
const replica = await installation.start()
await replica.ready()

// What the pages tell an administrator to write and to type, word for word.

/** The block of YAML that comes next after the words. */
function snippetAfter(page: string, words: string): string {
  const [, yaml] = /```yaml\n(.*?)```/s.exec(after(page, words)) ?? []
  if (yaml === undefined) throw new Error(`${page} has no YAML after ${words}`)
  return yaml
}

function commandAfter(page: string, words: string): string[] {
  const [, command] = /\n {4}kubectl (.*)/.exec(after(page, words)) ?? []
  if (command === undefined) throw new Error(`${page} has no command after ${words}`)
  return command.split(' ')
}

function after(page: string, words: string): string {
  const text = pageText(page)
  if (!text.includes(words)) throw new Error(`${page} does not say ${words}`)
  return text.slice(text.indexOf(words))
}

async function withPolicy(spec: string): Promise<void> {
  const generation = (await replica.metric('pidguard_policy_generation')) ?? 0
  const lines = spec.trimEnd().replace(/^/gm, '  ')
  installation.writePolicy(`apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec:\n${lines}\n`)
  await until('the policy', async () => ((await replica.metric('pidguard_policy_generation')) ?? 0) > generation)
}

type Answer = 'refused' | 'warned' | 'admitted'
async function bestEffortPod(namespace: string, name = 'greedy'): Promise<Answer> {
  const { code, stderr } = await kubectl.create(pod({ name, namespace }), '--dry-run=server')
  if (code !== 0) return 'refused'
  return stderr.includes('best-effort') ? 'warned' : 'admitted'
}

void t.test('a replica that does not come up says why, with the end of its log', async (t) => {
  const broken = await installation.start('--no-such-option')
  await t.rejects(broken.ready(), {
    message:
      /^a ready serve: it has ended\nthe serve has ended with \{.*\}; the end of its log:\n(.*\n)*.*--no-such-option/
  })
  await broken.stop()
})

void t.test('observe: a pod is warned about, and stored as it was written', async (t) => {
  await untilIs('a warning', () => bestEffortPod('shop'), 'warned')
  const path = '/api/v1/namespaces/shop/pods?dryRun=All'
  const { status, body } = await plane.api.post(path, pod({ name: 'greedy', namespace: 'shop' }))
  t.equal(status, 201)
  // Up to v1.26 the API server itself notes the seccomp profile in an annotation.
  const ours = Object.keys(body.metadata?.annotations ?? {}).filter((name) => name.includes('pidguard'))
  t.strictSame(ours, [])
  t.strictSame((body as unknown as StoredPod).spec.containers[0]?.resources, {})
})

void t.test('a single namespace moves first, all others are only warned about', async (t) => {
  const rules = 'rules: {best-effort: warn, resource-requests: warn}\n'
  await withPolicy(rules + snippetAfter('docs/install.md', 'To enforce in one namespace first'))
  t.equal(await bestEffortPod('shop'), 'refused')
  t.equal(await bestEffortPod('other'), 'warned')
})

void t.test('then all: the overlay default, applied over observe', async (t) => {
  await installation.apply('default')
  await untilIs('a refusal', () => bestEffortPod('other'), 'refused')
  t.equal(await bestEffortPod('shop'), 'refused')
})

void t.test('a workload is exempt until the last day, and no other', async (t) => {
  const exemption = snippetAfter('docs/policy.md', '## Exemptions')
  await withPolicy(exemption.replace(/\d{4}-\d\d-\d\d/, '2099-12-31'))
  t.equal(await bestEffortPod('legacy', 'report-1'), 'admitted')
  t.equal(await bestEffortPod('legacy', 'other'), 'refused')
  t.equal(await bestEffortPod('shop', 'report-1'), 'refused')
  await withPolicy(exemption.replace(/\d{4}-\d\d-\d\d/, '2020-12-31'))
  t.equal(await bestEffortPod('legacy', 'report-1'), 'refused', 'an expired one counts nowhere')
})

const dryRun = '--dry-run=server'

void t.test('a template whose namespace has a LimitRange: its Pods will get requests, so it passes', async (t) => {
  const create = () => kubectl.create(deployment({ name: 'web', namespace: 'other' }, 1), dryRun)
  t.match((await create()).stderr, 'best-effort')
  const metadata = { name: 'defaults', namespace: 'other' }
  const limits = [{ type: 'Container', defaultRequest: { cpu: '10m' } }]
  await kubectl.ok(
    ['apply', '--filename=-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'LimitRange', metadata, spec: { limits } })
  )
  await untilIs('no refusal', async () => (await create()).code, 0)
  await kubectl.ok(['delete', 'limitrange/defaults', '--namespace=other'])
  await until('a refusal', async () => (await create()).code !== 0)
  t.pass('refused again')
})

function daemonSet(namespace: string): object {
  const labels = { app: 'agent' }
  const spec = restricted([{ name: 'agent', image: 'example.com/agent:1' }])
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } }
  }
}

void t.test('a whole namespace is left out, and is back without the label', async (t) => {
  const command = commandAfter('docs/policy.md', 'takes a whole namespace out').map((word) =>
    word === 'NAME' ? 'shop' : word
  )
  await kubectl.ok(command)
  await untilIs('no more refusals', () => bestEffortPod('shop'), 'admitted')
  t.equal(await bestEffortPod('other'), 'refused')
  // Asked about in every namespace, since any may hold Calico's.
  await untilIs('none of DaemonSets', async () => (await kubectl.create(daemonSet('shop'), dryRun)).code, 0)
  t.match((await kubectl.create(daemonSet('other'), dryRun)).stderr, 'best-effort')
  await kubectl.ok(['label', 'namespace', 'shop', 'pidguard.io/admission-'])
  await untilIs('a refusal', () => bestEffortPod('shop'), 'refused')
  t.pass('guarded again')
})

void t.test('emergency off is one command, at once, and nobody puts it back', async (t) => {
  await kubectl.ok(commandAfter('docs/runbook.md', '## Emergency off'))
  await untilIs('no more refusals', () => bestEffortPod('shop'), 'admitted')
  await sleep(6_000)
  t.equal(await bestEffortPod('shop'), 'admitted')
  await installation.apply('default')
  await untilIs('a refusal', () => bestEffortPod('shop'), 'refused')
})
