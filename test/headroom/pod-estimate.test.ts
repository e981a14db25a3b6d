import t from 'tap'
import { estimateOf, profileOf, readPids, workloadNameOf } from '../../src/headroom/pod-estimate.ts'
import type { PodSubject } from '../../src/kubernetes/subject.ts'
import type { Profile } from '../../src/policy/settings.ts'
import { settings } from '../support/settings.ts'
import { podSubject, subjectFrom, workloadObject } from '../support/subjects.ts'

function profile(name: string, change: Partial<Profile> = {}): Profile {
  const match = { images: [], selector: undefined }
  return { name, match, estimate: undefined, limit: undefined, threadCap: undefined, ...change }
}

t.test('an estimate is what the pod declares, else what its profile says, else the default', async (t) => {
  const declared = { annotations: { 'pidguard.io/pids': '7' } }
  const policy = settings({ pids: { estimate: 50, profiles: [profile('a'), profile('b', { estimate: 300 })] } })
  t.strictSame(estimateOf(podSubject({}, declared), policy), { pids: 7, source: 'declared' })
  t.strictSame(estimateOf(podSubject(), policy), { pids: 300, source: 'profile' })
  t.strictSame(estimateOf(podSubject(), settings()), { pids: 50, source: 'default' })
  const template = subjectFrom(workloadObject('apps/v1/Deployment', {}, declared)) as PodSubject
  t.strictSame(estimateOf(template, policy), { pids: 7, source: 'declared' }, 'of a template too')
})

t.test('the author’s own request of pidguard.io/pids is a declaration; the one that we gave is not', async (t) => {
  const requests = { 'pidguard.io/pids': '300' }
  const spec = { containers: [{ name: 'app', resources: { requests, limits: requests } }] }
  t.strictSame(estimateOf(podSubject(spec), settings()), { pids: 300, source: 'declared' })
  const annotated = (annotations: object) => podSubject(spec, { annotations })
  t.match(
    estimateOf(annotated({ 'pidguard.io/pids': '7' }), settings()),
    { pids: 300 },
    'it is what the scheduler counts'
  )
  t.match(estimateOf(annotated({ 'pidguard.io/pids-estimate': '300' }), settings()), { pids: 50, source: 'default' })
  t.match(
    estimateOf(podSubject(spec), settings({ pids: { limit: 200 } })),
    { pids: 200 },
    'bounded as an annotation is'
  )
  const none = { containers: [{ name: 'app', resources: { requests: { 'pidguard.io/pids': '0' } } }] }
  t.match(estimateOf(podSubject(none), settings()), { pids: 50, source: 'default' }, 'nothing runs without PIDs')
})

t.test('a declaration that is no count is not believed', async (t) => {
  const wrong = podSubject({}, { annotations: { 'pidguard.io/pids': 'lots' } })
  t.strictSame(estimateOf(wrong, settings()), { pids: 50, source: 'default' })
})

t.test('the first profile that matches and has what is asked for', async (t) => {
  const profiles = [
    profile('other image', { match: { images: ['*/web:*'], selector: undefined }, estimate: 1 }),
    profile('other label', {
      match: { images: [], selector: { matchLabels: { a: 'b' }, matchExpressions: [] } },
      estimate: 2
    }),
    profile('says nothing of it'),
    profile('this', { match: { images: ['*/none:*', '*/app:*'], selector: undefined }, estimate: 3 }),
    profile('too late', { estimate: 4 })
  ]
  t.equal(profileOf(podSubject(), profiles, ({ estimate }) => estimate !== undefined)?.name, 'this')
  t.equal(
    profileOf(podSubject(), profiles, ({ limit }) => limit !== undefined),
    undefined
  )
  t.equal(
    profileOf(podSubject(), [], () => true),
    undefined
  )
  const bare = podSubject({ containers: [{ name: 'a' }] })
  t.equal(profileOf(bare, [profile('all', { match: { images: ['*'], selector: undefined } })], () => true)?.name, 'all')
})

t.test('a count is a whole number from 1 to what a node can hold', async (t) => {
  t.equal(readPids('1'), 1)
  t.equal(readPids('4194304'), 4_194_304)
  for (const text of [undefined, null, '', '0', '4194305', '01', '1.5']) t.equal(readPids(text), undefined)
})

t.test('what was observed goes before what is assumed, once it means something', async (t) => {
  const peak = (pids: number, isSettled: boolean) => ({
    observedPeak: () => ({ pids, isSettled, pod: 'web-1', age: 0 })
  })
  const estimate = (observed: ReturnType<typeof peak>, metadata = {}) =>
    estimateOf(podSubject({}, metadata), settings(), observed)
  t.match(estimate(peak(3, false)), { pids: 50, source: 'default' }, 'seen in its first seconds')
  t.match(estimate(peak(3, true)), { pids: 3, source: 'observed' })
  t.match(estimate(peak(51, false)), { pids: 51, source: 'observed' }, 'more than assumed counts at once')
  t.match(estimate(peak(51, false), { annotations: { 'pidguard.io/pids': '7' } }), { pids: 7, source: 'declared' })
  t.strictSame(estimateOf(podSubject(), settings(), { observedPeak: () => undefined }), { pids: 50, source: 'default' })
})

t.test('a template is the workload its pods belong to', async (t) => {
  const name = (kind: string, metadata = {}) =>
    workloadNameOf(subjectFrom(workloadObject(kind, {}, {}, metadata)) as PodSubject)
  t.strictSame(name('apps/v1/Deployment'), { kind: 'Deployment', name: 'web' })
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', controller: true }]
  t.strictSame(name('batch/v1/Job', { name: 'nightly-28000000', ownerReferences }), {
    kind: 'CronJob',
    name: 'nightly'
  })
  const owned = podSubject(
    {},
    { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', controller: true }] }
  )
  t.strictSame(workloadNameOf(owned), { kind: 'StatefulSet', name: 'db' })
  t.strictSame(workloadNameOf(podSubject()), { kind: 'Pod', name: 'web' })
})

t.test('a declaration counts up to the limit of its profile, or else of the policy', async (t) => {
  const of = (pids: string, policy: Parameters<typeof settings>[0]) =>
    estimateOf(podSubject({}, { annotations: { 'pidguard.io/pids': pids } }), settings(policy)).pids
  t.equal(of('400', { pids: { limit: 400 } }), 400)
  t.equal(of('401', { pids: { limit: 400 } }), 400)
  t.equal(of('4194304', { pids: { limit: 400 } }), 400)
  t.equal(of('301', { pids: { limit: 400, profiles: [profile('a', { limit: 300 })] } }), 300)
  t.equal(of('4194304', {}), 4_194_304, 'without a limit')
})

t.test(
  'what settled pods of the workload hold counts where it is more than declared, unless the policy trusts',
  async (t) => {
    const of = (pids: number, isSettled: boolean, trustDeclared = false) =>
      estimateOf(
        podSubject({}, { annotations: { 'pidguard.io/pids': '100' } }),
        settings({ pids: { trustDeclared } }),
        { observedPeak: () => ({ pids, isSettled, pod: 'web-1', age: 0 }) }
      )
    t.match(of(101, true), { pids: 101, source: 'observed' })
    t.match(of(100, true), { pids: 100, source: 'declared' })
    t.match(of(99, true), { pids: 100, source: 'declared' })
    t.match(of(21_317, false), { pids: 100, source: 'declared' }, 'not settled')
    t.match(of(21_317, true, true), { pids: 100, source: 'declared' }, 'trusted')
  }
)

t.test('no estimate is above the limit that the pod sets itself', async (t) => {
  const limited = (pid: string, pids?: string) => {
    const annotations = pids === undefined ? {} : { 'pidguard.io/pids': pids }
    return estimateOf(podSubject({ resources: { limits: { pid } } }, { annotations }), settings())
  }
  t.strictSame(limited('2048', '3000'), { pids: 2048, source: 'limit' })
  t.strictSame(limited('2048', '2048'), { pids: 2048, source: 'declared' })
  t.strictSame(limited('20'), { pids: 20, source: 'limit' })
  t.strictSame(limited('2048'), { pids: 50, source: 'default' }, 'a limit is no estimate')
})
