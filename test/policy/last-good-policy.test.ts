import t from 'tap'
import { PolicyHolder } from '../../src/policy/last-good-policy.ts'

/** Counts how often it parsed; a text that begins with `bad` is bad. */
function harness() {
  const parsed: string[] = []
  const clock = { at: 1000, now: () => clock.at }
  const parse = (text: string) => {
    parsed.push(text)
    if (text.startsWith('bad')) throw new Error(text)
    return text.toUpperCase()
  }
  return { parsed, clock, deps: { parse, clock } }
}

t.test('a good text is in force from the instant it is offered', async (t) => {
  const { clock, deps } = harness()
  const holder = new PolicyHolder('one', deps)
  t.match({ ...view(holder) }, { current: 'ONE', generation: 1, loadedAt: 1000, lastError: undefined })
  clock.at = 2000
  t.equal(holder.offer('two'), 'loaded')
  t.match(view(holder), { current: 'TWO', generation: 2, loadedAt: 2000 })
})

t.test('a bad text keeps the last good one, and is told once', async (t) => {
  const { clock, deps, parsed } = harness()
  const holder = new PolicyHolder('one', deps)
  clock.at = 2000
  t.equal(holder.offer('bad'), 'kept')
  t.equal(holder.offer('bad'), 'unchanged')
  t.match(view(holder), { current: 'ONE', generation: 1, loadedAt: 1000, lastError: { message: 'bad' } })
  t.strictSame(parsed, ['one', 'bad'])
  t.equal(holder.offer('one'), 'loaded', 'going back to the old one mends it')
  t.match(view(holder), { current: 'ONE', generation: 2, loadedAt: 2000, lastError: undefined })
})

t.test('the same text again changes nothing', async (t) => {
  const { deps, parsed } = harness()
  const holder = new PolicyHolder('one', deps)
  t.equal(holder.offer('one'), 'unchanged')
  t.equal(holder.generation, 1)
  t.strictSame(parsed, ['one'])
})

t.test('a text that cannot be read keeps the last good one', async (t) => {
  const { deps } = harness()
  const holder = new PolicyHolder('one', deps)
  t.equal(holder.unreadable(new Error('ENOENT')), 'kept')
  t.match(view(holder), { current: 'ONE', lastError: { message: 'ENOENT' } })
  t.equal(holder.offer('one'), 'loaded')
  t.equal(holder.lastError, undefined)
})

t.test('without a first good text there is no holder', async (t) => {
  t.throws(() => new PolicyHolder('bad', harness().deps), { message: 'bad' })
})

function view({ current, generation, loadedAt, lastError }: PolicyHolder<string>) {
  return { current, generation, loadedAt, lastError }
}
