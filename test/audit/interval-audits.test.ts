import t, { type Test } from 'tap'
import {
  type AuditOutcome,
  firstRetry,
  IntervalAudits,
  type IntervalDeps,
  longestFirstWait,
  nextWait,
  resultOf
} from '../../src/audit/interval-audits.ts'
import type { Millis } from '../../src/lib/units.ts'
import { totals } from '../support/audit-totals.ts'
import { fakeClock, fakeLog } from '../support/fakes.ts'

const hour: Millis = 3_600_000
const one = { ruleId: 'best-effort', namespace: 'shop', level: 'deny', findings: 2 } as const

/** Audits whose waits and ends are given by the test. */
function audits(t: Test, change: Partial<IntervalDeps> = {}) {
  const clock = fakeClock()
  const log = fakeLog()
  const waits: { readonly span: Millis; readonly end: () => void }[] = []
  const tries: { readonly signal: AbortSignal; readonly end: (outcome: AuditOutcome) => void }[] = []
  const held = new IntervalAudits({
    audit: (signal) => new Promise((end) => tries.push({ signal, end })),
    interval: hour,
    clock,
    random: () => 0.5,
    log,
    wait: (span, signal) =>
      new Promise((end) => {
        waits.push({ span, end })
        if (signal.aborted) end()
        signal.addEventListener('abort', () => end())
      }),
    ...change
  })
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return {
    clock,
    log,
    held,
    waits,
    tries,
    turn,
    /** Ends the wait that is under way, and gives back how long it was to be. */
    async passed(): Promise<Millis> {
      const wait = waits.at(-1)
      t.ok(wait, 'it waits')
      wait?.end()
      await turn()
      return wait?.span ?? Number.NaN
    },
    async ended(outcome: AuditOutcome, took: Millis = 7_000): Promise<void> {
      clock.advance(took)
      tries.at(-1)?.end(outcome)
      await turn()
    }
  }
}

void t.test('the first comes at a random moment of the interval, the next after the whole of it', async (t) => {
  const { held, tries, passed, ended, clock } = audits(t)
  const abort = new AbortController()
  const leading = held.lead(abort.signal)
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(tries.length, 0, 'nothing at the start')
  t.strictSame(held.status, { runs: { clean: 0, findings: 0, incomplete: 0, failed: 0 }, last: undefined })
  t.equal(await passed(), longestFirstWait / 2)
  t.equal(tries.length, 1)
  await ended({ totals: totals({ findings: [one] }) })
  t.match(held.status, { runs: { findings: 1 }, last: { endedAt: clock.now(), took: 7_000 } })
  t.equal(await passed(), hour)
  t.equal(tries.length, 2)
  abort.abort()
  await ended({ failure: 'stopped' })
  await leading
})

void t.test('a short interval bounds the first wait too', async (t) => {
  const { held, passed } = audits(t, { interval: 1_000 })
  const abort = new AbortController()
  void held.lead(abort.signal)
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(await passed(), 500)
  abort.abort()
})

void t.test('a failure is told and counted, its figures stay, and the next try comes sooner', async (t) => {
  const { held, passed, ended, clock, log } = audits(t)
  const abort = new AbortController()
  void held.lead(abort.signal)
  await new Promise((resolve) => setImmediate(resolve))
  await passed()
  await ended({ totals: totals() })
  const first = clock.now()
  await passed()
  await ended({ failure: 'exit code 3: no cluster' })
  t.match(held.status, { runs: { clean: 1, failed: 1 }, last: { endedAt: first } })
  t.match(log.lines.at(-1), { level: 'error', fields: { failure: 'exit code 3: no cluster' } })
  t.equal(await passed(), firstRetry)
  await ended({ failure: 'again' })
  t.equal(await passed(), firstRetry * 2)
  await ended({ totals: totals() })
  t.equal(await passed(), hour, 'well again')
  abort.abort()
})

void t.test('who does not lead any more has no figures, but what it counted', async (t) => {
  const { held, passed, ended, tries } = audits(t)
  const abort = new AbortController()
  const leading = held.lead(abort.signal)
  await new Promise((resolve) => setImmediate(resolve))
  await passed()
  await ended({ totals: totals({ complete: false, gaps: 2 }) })
  abort.abort()
  await leading
  t.strictSame(held.status, { runs: { clean: 0, findings: 0, incomplete: 1, failed: 0 }, last: undefined })
  t.equal(tries.length, 1, 'and it stops')
})

void t.test('what is stopped in the middle has not failed; two never run at once', async (t) => {
  const { held, passed, ended, tries, turn, waits } = audits(t)
  const first = new AbortController()
  void held.lead(first.signal)
  await turn()
  await passed()
  first.abort()
  t.equal(tries[0]?.signal.aborted, true, 'it is told to end')
  const second = new AbortController()
  void held.lead(second.signal)
  await turn()
  t.equal(waits.length, 1, 'the next time of leading waits for its end')
  await ended({ failure: 'stopped' })
  t.equal(held.status.runs.failed, 0)
  await turn()
  t.equal(await passed(), longestFirstWait / 2)
  t.equal(tries.length, 2)
  second.abort()
})

void t.test('parts that could not be looked at are told with the first of them', async (t) => {
  const { held, passed, ended, log } = audits(t)
  const abort = new AbortController()
  void held.lead(abort.signal)
  await new Promise((resolve) => setImmediate(resolve))
  await passed()
  const gap = { part: 'jobs.batch', reason: 'forbidden', detail: 'list on jobs.batch is needed', nodes: null }
  await ended({ totals: totals({ complete: false, gaps: 1, firstGaps: [gap] }) })
  t.match(log.lines.at(-1), { level: 'warn', fields: { result: 'incomplete', gaps: 1, firstGaps: [gap] } })
  abort.abort()
})

void t.test('found, nothing found, and nothing found as far as could be seen are three', async (t) => {
  t.equal(resultOf({ findings: [one], complete: true }), 'findings')
  t.equal(resultOf({ findings: [one], complete: false }), 'findings')
  t.equal(resultOf({ findings: [], complete: true }), 'clean')
  t.equal(resultOf({ findings: [], complete: false }), 'incomplete')
})

const waits = [
  { name: 'a tenth less', failures: 0, random: 0, want: hour * 0.9 },
  { name: 'a tenth more', failures: 0, random: 1, want: hour * 1.1 },
  { name: 'after one failure', failures: 1, random: 0.5, want: firstRetry },
  { name: 'after one failure, at most', failures: 1, random: 1, want: firstRetry * 1.5 },
  { name: 'after four', failures: 4, random: 0.5, want: firstRetry * 8 },
  { name: 'after a hundred', failures: 100, random: 0.5, want: hour }
]
for (const { name, failures, random, want } of waits) {
  void t.test(`the wait, ${name}`, async (t) => {
    t.ok(Math.abs(nextWait(hour, failures, random) - want) < 1e-6)
  })
}
