import t from 'tap'
import { readPids } from '../../src/headroom/pod-estimate.ts'
import { maxPids } from '../../src/kubernetes/qos/pids-limit.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { Profile } from '../../src/policy/settings.ts'
import { pidAnnotations } from '../../src/rules/pid-annotations.ts'
import { findingsOf, mended, told, type World } from '../support/judge.ts'
import { podObject, workloadObject } from '../support/subjects.ts'

const declaring = (pids: string) => ({ annotations: { 'pidguard.io/pids': pids } })

t.test('a declared count', async (t) => {
  for (const text of ['1', '50', '4194304']) {
    t.equal(readPids(text), Number(text), `${text} is one`)
    t.strictSame(findingsOf(pidAnnotations, podObject({}, declaring(text))), [])
  }
  for (const text of [
    '',
    '0',
    '4194305',
    '9999999',
    '10000000',
    '-1',
    '+1',
    '1.0',
    '1e3',
    '0x10',
    '1k',
    ' 1',
    '1 ',
    '1\n',
    'many',
    '٣'
  ]) {
    t.equal(readPids(text), undefined, `${JSON.stringify(text)} is none`)
    t.strictSame(told(findingsOf(pidAnnotations, podObject({}, declaring(text)))), [
      'denial /metadata/annotations/pidguard.io~1pids'
    ])
  }
  t.equal(readPids(null), undefined)
  t.equal(maxPids, 2 ** 22, 'the most a node can hold')
})

t.test('the detail of a very long value is short', async (t) => {
  const [finding] = findingsOf(pidAnnotations, podObject({}, declaring('9'.repeat(100_000))))
  t.ok((finding?.detail.length ?? 0) < 100)
})

t.test('templates are checked as well, at their own place', async (t) => {
  const deployment = workloadObject('apps/v1/Deployment', {}, declaring('lots'))
  t.strictSame(told(findingsOf(pidAnnotations, deployment)), [
    'denial /spec/template/metadata/annotations/pidguard.io~1pids'
  ])
  const cronJob = workloadObject('batch/v1/CronJob', {}, declaring('0'))
  t.strictSame(told(findingsOf(pidAnnotations, cronJob)), [
    'denial /spec/jobTemplate/spec/template/metadata/annotations/pidguard.io~1pids'
  ])
  t.strictSame(
    findingsOf(pidAnnotations, workloadObject('apps/v1/Deployment', {}, {}, declaring('lots'))),
    [],
    'of pods, not of workloads'
  )
})

t.test('an update is looked at only where it changes the count', async (t) => {
  const update = (oldObject: JsonRecord): World => ({ request: { operation: 'UPDATE', oldObject } })
  const wrong = podObject({}, declaring('lots'))
  t.strictSame(findingsOf(pidAnnotations, wrong, update(podObject({}, declaring('lots')))), [])
  t.equal(findingsOf(pidAnnotations, wrong, update(podObject({}, declaring('5')))).length, 1)
  t.equal(findingsOf(pidAnnotations, wrong, update(podObject())).length, 1)
})

function profile(change: Partial<Profile> & { images?: string[]; labels?: Record<string, string> }): Profile {
  const { images = [], labels, ...rest } = change
  return {
    name: 'p',
    match: { images, selector: labels && { matchLabels: labels, matchExpressions: [] } },
    estimate: undefined,
    limit: undefined,
    threadCap: undefined,
    ...rest
  }
}

/** The pidguard annotations of the pod after the fix, without their prefix. */
function annotated(metadata: JsonRecord, world: World = {}, spec: JsonRecord = {}): Record<string, string> {
  const { object } = mended([pidAnnotations], podObject(spec, metadata), world)
  const { annotations = {} } = object['metadata'] as { annotations?: Record<string, string> }
  return Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key.replace('pidguard.io/', ''), value]))
}
const withProfiles = (...profiles: Profile[]): World => ({ settings: { pids: { profiles } } })

t.test('a new Pod is told what it counts with, and where that comes from', async (t) => {
  t.strictSame(annotated({}), { 'pids-estimate': '50', 'pids-estimate-source': 'default' })
  t.strictSame(annotated(declaring('7')), { pids: '7', 'pids-estimate': '7', 'pids-estimate-source': 'declared' })
  t.strictSame(annotated(declaring('lots')), { pids: 'lots', 'pids-estimate': '50', 'pids-estimate-source': 'default' })
  t.match(annotated({ annotations: null }), { 'pids-estimate': '50' })
})

t.test('profiles', async (t) => {
  const byImage = profile({ images: ['*/app:*'], estimate: 300 })
  t.match(annotated({}, withProfiles(byImage)), { 'pids-estimate': '300', 'pids-estimate-source': 'profile' })
  t.match(annotated(declaring('7'), withProfiles(byImage)), { 'pids-estimate': '7' }, 'a declaration comes first')
  t.match(annotated({}, withProfiles(profile({ images: ['*/web:*'], estimate: 300 }))), { 'pids-estimate': '50' })
  t.match(
    annotated({}, withProfiles(byImage), { containers: [{ name: 'a' }, { name: 'b', image: 'x/app:2' }] }),
    { 'pids-estimate': '300' },
    'one image of one container is enough'
  )
  const byLabel = profile({ labels: { runtime: 'dotnet' }, estimate: 400 })
  t.match(annotated({ labels: { runtime: 'dotnet' } }, withProfiles(byLabel)), { 'pids-estimate': '400' })
  t.match(annotated({}, withProfiles(byLabel)), { 'pids-estimate': '50' })
  const both = profile({ images: ['*/app:*'], labels: { runtime: 'dotnet' }, estimate: 500 })
  t.match(annotated({}, withProfiles(both)), { 'pids-estimate': '50' }, 'every part has to match')
  t.match(
    annotated({}, withProfiles(profile({ limit: 9 }), byImage, profile({ estimate: 1 }))),
    {
      'pids-estimate': '300',
      'pids-limit': '9'
    },
    'the first profile that says something of the estimate, and the first that says something of the limit'
  )
})

t.test('a limit is written only where the policy has one', async (t) => {
  t.notOk('pids-limit' in annotated({}))
  t.match(annotated({}, { settings: { pids: { limit: 1024 } } }), { 'pids-limit': '1024' })
  const world: World = { settings: { pids: { limit: 1024, profiles: [profile({ limit: 2048 })] } } }
  t.match(annotated({}, world), { 'pids-limit': '2048' }, 'a profile comes before the default')
})

t.test("what people write in pidguard's name is replaced", async (t) => {
  const forged = { annotations: { 'pidguard.io/pids-estimate': '1', 'pidguard.io/pids-estimate-source': 'declared' } }
  t.strictSame(annotated(forged), { 'pids-estimate': '50', 'pids-estimate-source': 'default' })
})

t.test('the patch makes the map only where it is missing', async (t) => {
  const bare = mended([pidAnnotations], podObject()).operations
  t.strictSame(
    bare.map(({ op, path }) => `${op} ${path}`),
    ['add /metadata/annotations']
  )
  const some = mended([pidAnnotations], podObject({}, { annotations: { a: 'b' } })).operations
  t.strictSame(
    some.map(({ op, path }) => `${op} ${path}`),
    [
      'add /metadata/annotations/pidguard.io~1pids-estimate',
      'add /metadata/annotations/pidguard.io~1pids-estimate-source'
    ]
  )
})

t.test('templates, existing pods and subresources are left as they are', async (t) => {
  t.strictSame(mended([pidAnnotations], workloadObject('apps/v1/StatefulSet')).operations, [])
  const update: World = { request: { operation: 'UPDATE', oldObject: podObject({}, declaring('5')) } }
  t.strictSame(mended([pidAnnotations], podObject({}, declaring('6')), update).operations, [])
  t.strictSame(mended([pidAnnotations], podObject(), { request: { subResource: 'resize' } }).operations, [])
})
