import t from 'tap'
import { estimateOf, maxPids, profileOf, readPids } from '../../src/headroom/estimate.ts'
import type { PodSubject } from '../../src/model/subject.ts'
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
  t.equal(readPids(String(maxPids)), maxPids)
  for (const text of [undefined, null, '', '0', String(maxPids + 1), '01', '1.5']) t.equal(readPids(text), undefined)
})
