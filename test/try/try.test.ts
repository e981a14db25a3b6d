import t from 'tap'
import { AppError } from '../../src/errors.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { tryFiles } from '../../src/try/try.ts'
import { admissionOf } from '../support/admissions.ts'
import { memoryInputs } from '../support/files.ts'
import type { SettingsChange } from '../support/settings.ts'
import { podObject, workloadObject } from '../support/subjects.ts'

interface Tried {
  readonly code: number
  readonly lines: readonly string[]
  readonly reviews: readonly JsonRecord[]
}

function textsOf(files: Record<string, object | string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([file, value]) => [file, typeof value === 'string' ? value : JSON.stringify(value)])
  )
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
      inputs: memoryInputs(textsOf(files)),
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

void t.test('what the API server would refuse is no object that is allowed, and no review is sent', async (t) => {
  const { containers } = requests
  const { code, lines, reviews } = await tried({
    'pod.yaml': { ...podObject(requests), spec: { container: containers } },
    'bad.yaml': podObject({ containers: [{ name: 'app', image: 'a', resources: { requests: { cpu: 'much' } } }] })
  })
  t.equal(code, 2)
  t.match(lines, [
    'Pod default/web  (pod.yaml:1)',
    '  refused by the API server: /spec: expected containers, which is missing; is container meant to be containers?',
    'Pod default/web  (bad.yaml:1)',
    /^ {2}refused by the API server: .*cpu.*much/,
    '2 objects tried, 0 allowed, 0 denied; 2 problems'
  ])
  t.strictSame(reviews, [])
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

void t.test('an object without kind is a problem, one without name or metadata is tried and answered', async (t) => {
  const { code, lines } = await tried({ 'a.yaml': { metadata: 'text' }, 'b.yaml': { apiVersion: 'v1', kind: 'Pod' } })
  t.equal(code, 2)
  t.equal(lines[0], 'Pod  (b.yaml:1)')
  t.equal(lines.at(-2), 'a.yaml:1:1: expected a Kubernetes object, found one without apiVersion and kind')
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
        inputs: memoryInputs({ f: JSON.stringify(podObject()) }),
        post: async () => answer,
        print: () => {}
      }
    )
    await t.rejects(trying, { code: 'ERR_SERVER_UNREACHABLE', message: /^\/mutate: expected an AdmissionReview/ })
  }
})

void t.test('a server that does not answer ends the run, whichever document of a file was asked about', async (t) => {
  const document = JSON.stringify(podObject(requests))
  for (const answered of [0, 1, 2]) {
    const lines: string[] = []
    let asked = 0
    const trying = tryFiles(
      ['f'],
      { namespace: 'default' },
      {
        inputs: memoryInputs({ f: [document, document, document].join('\n---\n') }),
        async post(_webhook, review) {
          // Two reviews of each Pod: it is mutated and validated.
          if (asked++ >= 2 * answered) throw new AppError('ERR_SERVER_UNREACHABLE', 'https://127.0.0.1:1: refused')
          return { response: { uid: (review as { request: { uid: string } }).request.uid, allowed: true } }
        },
        print: (line) => lines.push(line)
      }
    )
    await t.rejects(trying, { code: 'ERR_SERVER_UNREACHABLE', message: 'https://127.0.0.1:1: refused' })
    t.equal(lines.filter((line) => line.startsWith('Pod ')).length, answered + 1, 'no Pod after it is tried')
    t.notMatch(lines.join('\n'), /tried/, 'no sum counts a Pod as allowed that was not answered')
  }
})

void t.test('a file that cannot be read does not hide the others, and ends the run with 2', async (t) => {
  const { code, lines } = await tried({ 'a.yaml': 'a: [', 'b.yaml': podObject(requests), 'c.yaml': '- a\n' })
  t.equal(code, 2)
  t.ok(lines.includes('Pod default/web  (b.yaml:1)'))
  t.match(lines.at(-3), /^a\.yaml:1:/)
  t.equal(lines.at(-2), 'c.yaml:1:1: expected a Kubernetes object, found a list')
  t.equal(lines.at(-1), '1 object tried, 1 allowed, 0 denied; 2 problems')
})

void t.test('each object of a List and of a stream is tried, at its own line', async (t) => {
  const list = `apiVersion: v1\nkind: List\nitems:\n- ${JSON.stringify(podObject(requests))}\n---\n${JSON.stringify(podObject(requests))}\n`
  const { lines } = await tried({ 'all.yaml': list })
  t.strictSame(
    lines.filter((line) => line.startsWith('Pod ')),
    ['Pod default/web  (all.yaml:4)', 'Pod default/web  (all.yaml:6)']
  )
})

void t.test('a denial shows the words of the server whole, line by line, and says when there are none', async (t) => {
  const answered = async (status: object | undefined): Promise<string[]> => {
    const lines: string[] = []
    await tryFiles(
      ['f'],
      { namespace: 'default' },
      {
        inputs: memoryInputs({ f: JSON.stringify(podObject()) }),
        post: async (_webhook, review) => ({
          response: { uid: (review as { request: { uid: string } }).request.uid, allowed: false, status }
        }),
        print: (line) => lines.push(line)
      }
    )
    return lines
  }
  t.strictSame((await answered({ message: 'two reasons:\n- no requests' })).slice(1, 3), [
    '  denied: two reasons:',
    '  - no requests'
  ])
  t.equal((await answered(undefined))[1], '  denied: ')
})

void t.test('an answer of a server that is not pidguard is shown in its own words', async (t) => {
  const trying = (answer: unknown): Promise<number> =>
    tryFiles(
      ['f'],
      { namespace: 'default' },
      { inputs: memoryInputs({ f: JSON.stringify(podObject()) }), post: async () => answer, print: () => {} }
    )
  await t.rejects(trying({ message: 'Content-Type must be application/json' }), {
    message:
      '/mutate: expected an AdmissionReview with a response, found something else: Content-Type must be application/json'
  })
  await t.rejects(trying({ message: 5 }), {
    message: '/mutate: expected an AdmissionReview with a response, found something else'
  })
})

void t.test(
  'the Pods of other kinds are tried, each template by itself; of a kind that is not known it is said',
  async (t) => {
    const bare = { containers: [{ name: 'app', image: 'a' }] }
    const of = (apiVersion: string, kind: string, spec: object) => ({ apiVersion, kind, metadata: { name: 'x' }, spec })
    const rollout = await tried({ 'r.yaml': of('argoproj.io/v1alpha1', 'Rollout', { template: { spec: bare } }) })
    t.equal(rollout.code, 1)
    t.ok(rollout.lines.includes('  its Pods:'))
    t.match(rollout.reviews.at(-1)?.['object'], { metadata: { ownerReferences: [{ kind: 'Rollout', name: 'x' }] } })
    const replicatedJobs = [requests, bare].map((spec) => ({ template: { spec: { template: { spec } } } }))
    const jobs = await tried({ 'j.yaml': of('jobset.x-k8s.io/v1alpha2', 'JobSet', { replicatedJobs }) })
    t.equal(jobs.code, 1)
    for (const i of [0, 1]) t.ok(jobs.lines.includes(`  its Pods of /spec/replicatedJobs/${i}/template/spec/template:`))
    const odd = await tried({ 'o.yaml': of('example.com/v1', 'Odd', { deep: bare }) })
    t.equal(odd.code, 0)
    const unknown = 'Odd (example.com/v1), which seem to hold pods, of a kind that pidguard does not know'
    t.ok(odd.lines.includes(`  its Pods are not tried: ${unknown}`), odd.lines.join('\n'))
    const misspelt = await tried({ 'm.yaml': of('app/v1', 'Deployment', { template: { spec: bare } }) })
    t.equal(misspelt.code, 2)
    const message = 'no API server serves Deployment of app/v1; is the group apps meant?'
    t.ok(misspelt.lines.includes(`  refused by the API server: ${message}`), misspelt.lines.join('\n'))
    t.strictSame(misspelt.reviews, [])
  }
)
