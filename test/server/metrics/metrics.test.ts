import t from 'tap'
import { buildMetrics } from '../../../src/server/metrics/metrics.ts'
import type { ProcessSources } from '../../../src/server/metrics/process-metrics.ts'
import { fakeClock } from '../../support/fakes.ts'

function metrics(change: Partial<ProcessSources> = {}) {
  const clock = fakeClock()
  const sources: ProcessSources = {
    clock,
    policy: () => ({ generation: 3, loadedAt: clock.now() - 5_000, isLatest: true }),
    certificate: () => ({ expiresAt: 1_800_000_000_000 }),
    headroom: () => undefined,
    ...change
  }
  return buildMetrics(sources)
}

function sample(text: string, name: string): number | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

void t.test('reviews and decisions are counted by labels from closed sets', async (t) => {
  const held = metrics()
  held.countReview('mutate', 'changed', 0.0002)
  held.countReview('mutate', 'changed', 20)
  held.countReview('validate', 'denied', 0.001)
  held.countOutcome('best-effort', 'enforce', 'deny')
  held.countOutcome('best-effort', 'enforce', 'deny')
  held.countReload('policy', 'loaded')
  held.countReload('certificate', 'kept')
  const { text, contentType } = await held.render()
  t.match(contentType, /^text\/plain/)
  t.equal(sample(text, 'pidguard_reviews_total{webhook="mutate",result="changed"}'), 2)
  t.equal(sample(text, 'pidguard_reviews_total{webhook="validate",result="denied"}'), 1)
  t.equal(sample(text, 'pidguard_decisions_total{rule="best-effort",mode="enforce",outcome="deny"}'), 2)
  t.equal(sample(text, 'pidguard_reloads_total{what="policy",result="loaded"}'), 1)
  t.equal(sample(text, 'pidguard_reloads_total{what="certificate",result="kept"}'), 1)
  t.equal(sample(text, 'pidguard_review_duration_seconds_bucket{le="0.0001",webhook="mutate"}'), 0)
  t.equal(sample(text, 'pidguard_review_duration_seconds_bucket{le="0.00025",webhook="mutate"}'), 1)
  t.equal(sample(text, 'pidguard_review_duration_seconds_bucket{le="10",webhook="mutate"}'), 1)
  t.equal(sample(text, 'pidguard_review_duration_seconds_count{webhook="mutate"}'), 2)
})

void t.test('every metric of ours has a help text and a unit in its name, and two sets do not meet', async (t) => {
  const [one, two] = [metrics(), metrics()]
  one.countReview('mutate', 'allowed', 0)
  const { text } = await two.render()
  t.equal(sample(text, 'pidguard_reviews_total{webhook="mutate",result="allowed"}'), undefined)
  for (const [, name, kind] of text.matchAll(/^# TYPE (pidguard_\S+) (\w+)$/gm)) {
    t.match(text, new RegExp(`^# HELP ${name} .+\\.$`, 'm'))
    if (kind === 'counter') t.match(name, /_total$/)
    if (kind === 'histogram') t.match(name, /_seconds$/)
  }
  t.match(text, /^process_cpu_user_seconds_total /m)
})
