import t from 'tap'
import { buildMetrics, type MetricSources } from '../../../src/server/metrics/metrics.ts'
import { fakeClock } from '../../support/fakes.ts'

function metrics(change: Partial<MetricSources> = {}) {
  const clock = fakeClock()
  const sources: MetricSources = {
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

void t.test('policy and certificate are told as they are when asked', async (t) => {
  const { text } = await metrics().render()
  t.equal(sample(text, 'pidguard_policy_generation'), 3)
  t.equal(sample(text, 'pidguard_policy_age_seconds'), 5)
  t.equal(sample(text, 'pidguard_policy_latest'), 1)
  t.equal(sample(text, 'pidguard_certificate_expiry_timestamp_seconds'), 1_800_000_000)
})

void t.test('taints: what was written, and what the leader sees; others say nothing of it', async (t) => {
  const held = metrics({ taints: () => ({ tainted: 2, passedOver: 3 }) })
  held.countTaint('taint', 'done')
  held.countTaint('untaint', 'forbidden')
  const { text } = await held.render()
  t.equal(sample(text, 'pidguard_node_taint_writes_total{change="taint",result="done"}'), 1)
  t.equal(sample(text, 'pidguard_node_taint_writes_total{change="untaint",result="forbidden"}'), 1)
  t.equal(sample(text, 'pidguard_tainted_nodes'), 2)
  t.equal(sample(text, 'pidguard_low_untainted_nodes'), 3)
  for (const sources of [{}, { taints: () => undefined }]) {
    const { text } = await metrics(sources).render()
    t.equal(sample(text, 'pidguard_tainted_nodes'), undefined)
    t.equal(sample(text, 'pidguard_low_untainted_nodes'), undefined)
  }
})

void t.test('nodes near their floor: what was told, and how many there are; others say nothing of it', async (t) => {
  const held = metrics({ nearFloor: () => 0 })
  held.countNearFloor('posted')
  held.countNearFloor('held-back')
  const { text } = await held.render()
  t.equal(sample(text, 'pidguard_near_floor_events_total{result="posted"}'), 1)
  t.equal(sample(text, 'pidguard_near_floor_events_total{result="held-back"}'), 1)
  t.equal(sample(text, 'pidguard_nodes_near_floor'), 0)
  const other = await metrics({ nearFloor: () => undefined }).render()
  t.equal(sample(other.text, 'pidguard_nodes_near_floor'), undefined)
})

void t.test('Calico as the leader sees it; what is not known is no sample', async (t) => {
  const calico = { asPolicy: 1, outOfPolicy: 2, stopped: 0, oldPods: 3 }
  const { text } = await metrics({ calico: () => calico }).render()
  t.equal(sample(text, 'pidguard_calico_daemonsets{state="out-of-policy"}'), 2)
  t.equal(sample(text, 'pidguard_calico_old_pods'), 3)
  const unknown = await metrics({ calico: () => ({ ...calico, oldPods: undefined }) }).render()
  t.equal(sample(unknown.text, 'pidguard_calico_old_pods'), undefined)
  t.equal(sample((await metrics({}).render()).text, 'pidguard_calico_daemonsets{state="as-policy"}'), undefined)
})

void t.test('a broken policy file is 0, and no certificate is no sample: unknown is not zero', async (t) => {
  const { text } = await metrics({
    policy: () => ({ generation: 1, loadedAt: 0, isLatest: false }),
    certificate: () => undefined
  }).render()
  t.equal(sample(text, 'pidguard_policy_latest'), 0)
  t.equal(sample(text, 'pidguard_certificate_expiry_timestamp_seconds'), undefined)
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
