// The same object, the same policy: pidguard validate and mutate say what the webhook does on a real API server.
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import type { ApiAnswer } from './support/api-client.ts'
import { comparable } from './support/comparable.ts'
import { startControlPlane } from './support/control-plane.ts'
import { corpusFolder, type Manifest } from './support/corpus.ts'
import { anyPod, namespaces, policy, type Write, writesIn } from './support/real-workloads.ts'
import { newestServed } from './support/served.ts'
import { startWebhook } from './support/webhook.ts'

/**
 * Where both may differ, with the reason. The webhook does not know the LimitRanges of a namespace, so of a template it
 * can only warn; validate takes it that there are none, and says so.
 */
function isExplained({ ruleId, kind }: { ruleId: string; kind: string }): boolean {
  return ruleId === 'best-effort' && kind !== 'Pod'
}

interface Findings {
  readonly findings: readonly {
    ruleId: string
    action: string
    object: { kind: string; namespace: string; name: string }
  }[]
  readonly problems: readonly object[]
  readonly counts: { readonly checked: number }
}

const corpus = corpusFolder()
const options = { skip: corpus === undefined && 'PIDGUARD_CORPUS is not there' }

const plane = await startControlPlane()
t.teardown(() => plane.stop())
for (const namespace of namespaces) await plane.createNamespace(namespace, anyPod)

interface Attempt {
  readonly name: string
  readonly resource: string
  readonly namespace: string
  readonly manifest: Manifest
}

function create({ resource, namespace }: Attempt, manifest: object): Promise<ApiAnswer> {
  const { apiVersion } = manifest as Manifest
  const group = apiVersion.includes('/') ? 'apis' : 'api'
  return plane.api.post(`/${group}/${apiVersion}/namespaces/${namespace}/${resource}?dryRun=All`, manifest)
}

/** Each object under a name of its own, so that findings can be told apart. */
function attemptOf({ name, resource, manifest }: Write, namespace: string, i: number): Attempt {
  const metadata = { ...manifest.metadata, name: `object-${i}`, namespace }
  return { name: `${name}, ${namespace}`, resource, namespace, manifest: { ...manifest, metadata } }
}

const cronJobs = await newestServed(plane.api, 'batch', 'cronjobs')
const writes =
  corpus === undefined
    ? []
    : [
        ...writesIn(join(corpus, 'workloads'), cronJobs),
        ...readdirSync(join(corpus, 'calico'), { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .flatMap((entry) => writesIn(join(corpus, 'calico', entry.name), cronJobs))
      ]

const attempts: Attempt[] = []
for (const namespace of namespaces) {
  for (const write of writes) {
    const attempt = attemptOf(write, namespace, attempts.length)
    const { status } = await create(attempt, attempt.manifest)
    // What this API server refuses for reasons of its own says nothing of pidguard.
    if (status === 201) attempts.push(attempt)
  }
}

const files = { policy: join(plane.folder, 'conformance-policy.yaml'), objects: join(plane.folder, 'conformance.json') }
writeFileSync(files.policy, policy)
writeFileSync(
  files.objects,
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: attempts.map(({ manifest }) => manifest) })
)

function pidguard(...args: string[]): string {
  const program = resolve(import.meta.dirname, '../../dist/main.js')
  const { stdout, stderr } = spawnSync(process.execPath, [program, ...args, '--policy', files.policy, files.objects], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024
  })
  if (stdout === '') throw new Error(stderr)
  return stdout
}

const webhook = await startWebhook(plane, { policy })
t.teardown(() => webhook.stop())
await webhook.register()

void t.test('validate finds what the webhook denies, and nothing else', options, async (t) => {
  const report = JSON.parse(pidguard('validate', '-o', 'json')) as Findings
  t.strictSame(report.problems, [])
  t.equal(report.counts.checked, attempts.length)
  const denials = new Map<string, string[]>()
  let explained = 0
  for (const { ruleId, action, object } of report.findings) {
    if (action !== 'deny') continue
    if (isExplained({ ruleId, kind: object.kind })) explained++
    else denials.set(object.name, [...(denials.get(object.name) ?? []), ruleId])
  }
  let denied = 0
  for (const attempt of attempts) {
    const { status, body } = await create(attempt, attempt.manifest)
    const rules = denials.get(attempt.manifest.metadata.name ?? '') ?? []
    t.equal(status, rules.length > 0 ? 403 : 201, `${attempt.name}: ${body.message ?? 'admitted'}`)
    for (const rule of rules) t.match(body.message, rule, attempt.name)
    if (status === 403) denied++
  }
  t.comment(
    `${attempts.length} objects, ${denied} denied by both, ${explained} denied by validate and warned about by the webhook`
  )
  t.ok(attempts.length > 200 && denied > 20, `${attempts.length} objects, ${denied} denied`)
})

void t.test('what mutate prints is stored as the webhook would have stored the original', options, async (t) => {
  const mutated = JSON.parse(pidguard('mutate')) as { items: Manifest[] }
  t.equal(mutated.items.length, attempts.length)
  let changed = 0
  for (const [i, attempt] of attempts.entries()) {
    const item = mutated.items[i] as Manifest
    if (JSON.stringify(item) !== JSON.stringify(attempt.manifest)) changed++
    const [original, ours] = [await create(attempt, attempt.manifest), await create(attempt, item)]
    t.strictSame(comparable(ours), comparable(original), attempt.name)
  }
  t.ok(changed > 50, `${changed} changed`)
})
