import t from 'tap'
import { estimateOf, maxPids, profileOf, readPids } from '../../src/headroom/estimate.ts'
import type { Profile } from '../../src/policy/settings.ts'
import { settings } from '../support/settings.ts'
import { podSubject } from '../support/subjects.ts'

void t.test('a declared count is a whole number from 1 to the most a node can hold', async (t) => {
  const cases: [string | null | undefined, number | undefined][] = [
    ['1', 1],
    ['0', undefined],
    [String(maxPids), maxPids],
    [String(maxPids + 1), undefined],
    ['01', undefined],
    ['-1', undefined],
    ['+1', undefined],
    ['1.0', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    [' 1', undefined],
    ['1\n', undefined],
    ['', undefined],
    ['9'.repeat(1_000_000), undefined],
    [null, undefined],
    [undefined, undefined]
  ]
  for (const [text, want] of cases) t.equal(readPids(text), want, String(text).slice(0, 20))
})

function profile(change: Partial<Profile>): Profile {
  return {
    name: 'p',
    match: { images: [], selector: undefined },
    estimate: 300,
    limit: undefined,
    threadCap: undefined,
    ...change
  }
}

const declared = { annotations: { 'pidguard.io/pids': '7' } }

void t.test('what the pod declares comes first, then its profile, then the default', async (t) => {
  const withProfile = settings({ pids: { estimate: 50, profiles: [profile({})] } })
  t.strictSame(estimateOf(podSubject({}, declared), withProfile), { pids: 7, source: 'declared' })
  t.strictSame(estimateOf(podSubject(), withProfile), { pids: 300, source: 'profile' })
  t.strictSame(estimateOf(podSubject(), settings({ pids: { estimate: 50 } })), { pids: 50, source: 'default' })
  const unreadable = { annotations: { 'pidguard.io/pids': 'many' } }
  t.strictSame(estimateOf(podSubject({}, unreadable), settings()), { pids: 50, source: 'default' })
})

void t.test('a profile matches by every part it names: an image of any container, and the labels', async (t) => {
  const subject = podSubject(
    {
      containers: [{ name: 'a', image: 'example.com/web:1' }],
      initContainers: [
        { name: 'i', image: null },
        { name: 'j', image: 'example.com/jvm:1' }
      ]
    },
    { labels: { app: 'web' } }
  )
  const selector = (app: string): Profile['match']['selector'] => ({ matchLabels: { app }, matchExpressions: [] })
  const cases: [Profile['match'], boolean][] = [
    [{ images: [], selector: undefined }, true],
    [{ images: ['*/jvm:*'], selector: undefined }, true],
    [{ images: ['*/dotnet:*'], selector: undefined }, false],
    [{ images: ['nothing', '*/web:1'], selector: selector('web') }, true],
    [{ images: ['*/web:1'], selector: selector('db') }, false],
    [{ images: [], selector: selector('web') }, true]
  ]
  for (const [match, want] of cases)
    t.equal(profileOf(subject, [profile({ match })], () => true) !== undefined, want, JSON.stringify(match))
})

void t.test('the first profile that has what is asked for is taken', async (t) => {
  const profiles = [
    profile({ name: 'first', estimate: undefined }),
    profile({ name: 'second' }),
    profile({ name: 'third' })
  ]
  t.equal(profileOf(podSubject(), profiles, ({ estimate }) => estimate !== undefined)?.name, 'second')
  t.equal(
    profileOf(podSubject(), [], () => true),
    undefined
  )
})
