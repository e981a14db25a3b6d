import t from 'tap'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { tryFiles } from '../../src/try/try.ts'
import { admissionOf } from '../support/admissions.ts'
import type { SettingsChange } from '../support/settings.ts'
import { podObject, workloadObject } from '../support/subjects.ts'

interface Tried {
  readonly code: number
  readonly lines: readonly string[]
  readonly reviews: readonly JsonRecord[]
}

/** Tries the objects against a whole admission in this process. */
async function tried(
  files: Record<string, object | string>,
  change: SettingsChange = {},
  namespace = 'default'
): Promise<Tried> {
  const { admission } = admissionOf(change)
  const lines: string[] = []
  const reviews: JsonRecord[] = []
  const code = await tryFiles(
    Object.keys(files),
    { namespace },
    {
      read: async (file) => (typeof files[file] === 'string' ? files[file] : JSON.stringify(files[file])),
      async post(webhook, review) {
        reviews.push({ webhook, ...(review as { request: JsonRecord }).request })
        return JSON.parse(admission(webhook, Buffer.from(JSON.stringify(review)), 0).body)
      },
      print: (line) => lines.push(line)
    }
  )
  return { code, lines, reviews }
}

const requests = { containers: [{ name: 'app', image: 'a', resources: { requests: { cpu: '1', memory: '1Gi' } } }] }

void t.test('an allowed Pod is shown with what was added to it', async (t) => {
  const { code, lines, reviews } = await tried({ 'pod.yaml': podObject(requests) })
  t.equal(code, 0)
  t.strictSame(lines, [
    'Pod default/web  (pod.yaml:1)',
    '  + metadata.annotations["pidguard.io/pids-estimate"]: "50"',
    '  + metadata.annotations["pidguard.io/pids-estimate-source"]: "default"',
    '  allowed',
    '1 object tried, 1 allowed, 0 denied'
  ])
  t.match(reviews, [
    { webhook: 'mutate', operation: 'CREATE', dryRun: true, namespace: 'default' },
    { webhook: 'validate', operation: 'CREATE', dryRun: true, namespace: 'default' }
  ])
  t.not(reviews[0]?.['uid'], reviews[1]?.['uid'], 'each review has a uid of its own')
})

void t.test('what is validated is what was mutated', async (t) => {
  const { code, reviews } = await tried({ 'pod.yaml': podObject() }, { requests: { bestEffortPods: 'inject' } })
  t.equal(code, 0)
  const validated = reviews[1]?.['object'] as { spec: { containers: [{ resources: object }] } }
  t.strictSame(validated.spec.containers[0].resources, { requests: { cpu: '10m', memory: '32Mi' } })
})

void t.test('a denied Pod ends with code 1 and the reason', async (t) => {
  const { code, lines } = await tried({ 'pod.yaml': podObject() })
  t.equal(code, 1)
  t.match(lines.join('\n'), /denied: Pod default\/web: best-effort: /)
  t.equal(lines.at(-1), '1 object tried, 0 allowed, 1 denied')
})

void t.test('of a workload the Pod it makes is tried too, and can be what is denied', async (t) => {
  const { code, lines, reviews } = await tried({
    'd.yaml': workloadObject('apps/v1/Deployment', requests, { labels: { app: 'web' } })
  })
  t.equal(code, 0)
  t.ok(lines.includes('  its Pods:'))
  const made = reviews[2]?.['object'] as { metadata: JsonRecord; kind: string }
  t.equal(made.kind, 'Pod')
  t.match(made.metadata, {
    generateName: 'web-',
    namespace: 'default',
    labels: { app: 'web' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }]
  })
  const denied = await tried({ 'c.yaml': workloadObject('batch/v1/CronJob') })
  t.equal(denied.code, 1)
})

void t.test('an object of a kind that is in no namespace is sent in none, as the API server does', async (t) => {
  const felix = { apiVersion: 'crd.projectcalico.org/v1', kind: 'FelixConfiguration', metadata: { name: 'default' } }
  const { reviews } = await tried({ 'felix.yaml': felix }, {}, 'shop')
  t.strictSame([...new Set(reviews.map(({ namespace }) => namespace))], [''])
})

void t.test('the namespace is the manifest’s own, else the given one', async (t) => {
  const { reviews, lines } = await tried(
    { 'a.yaml': podObject(requests, { namespace: undefined }), 'b.yaml': podObject(requests, { namespace: 'own' }) },
    {},
    'given'
  )
  t.strictSame(
    reviews.map((review) => review['namespace']),
    ['given', 'given', 'own', 'own']
  )
  t.equal(lines.at(-1), '2 objects tried, 2 allowed, 0 denied')
})

void t.test('warnings are shown, and an object no rule looks at is allowed, unchanged', async (t) => {
  const { code, lines } = await tried(
    {
      'a.yaml': { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } },
      'b.yaml': podObject({ containers: [...requests.containers, { name: 'second', image: 'b' }] })
    },
    { modes: { 'resource-requests': 'warn' } }
  )
  t.equal(code, 0)
  t.ok(lines.includes('  allowed, unchanged'))
  t.ok(lines.some((line) => line.startsWith('  Warning: resource-requests: ')))
})

void t.test('an object without kind, name or metadata is tried and answered', async (t) => {
  const { lines } = await tried({ 'a.yaml': { metadata: 'text' }, 'b.yaml': { apiVersion: 'v1', kind: 'Pod' } })
  t.match(lines[0], /^object without kind +\(a\.yaml:1\)$/)
  t.match(lines.at(-1), /^2 objects tried/)
})

void t.test('a key named __proto__ goes through as a key', async (t) => {
  const text = JSON.stringify(podObject(requests)).replace(
    '"metadata":{',
    '"metadata":{"annotations":{"__proto__":"x"},'
  )
  const { code, reviews } = await tried({ 'a.json': text })
  t.equal(code, 0)
  const validated = reviews[1]?.['object'] as { metadata: { annotations: object } }
  t.ok(Object.hasOwn(validated.metadata.annotations, '__proto__'))
})

void t.test('an answer that is no AdmissionReview is a server that is not pidguard', async (t) => {
  for (const answer of [
    null,
    [],
    'x',
    {},
    { response: {} },
    { response: { uid: 'other', allowed: true } },
    { message: 'why' }
  ]) {
    const trying = tryFiles(
      ['f'],
      { namespace: 'default' },
      {
        read: async () => JSON.stringify(podObject()),
        post: async () => answer,
        print: () => {}
      }
    )
    await t.rejects(trying, { code: 'ERR_SERVER_UNREACHABLE', message: /^\/mutate: expected an AdmissionReview/ })
  }
})

void t.test('a file that is none ends the run with its place', async (t) => {
  await t.rejects(tried({ 'a.yaml': 'a: [' }), { code: 'ERR_USAGE', message: /^a\.yaml:1:/ })
})
