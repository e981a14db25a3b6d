import t from 'tap'
import { buildProcessMetrics, type ProcessSources } from '../../../src/server/metrics/process-metrics.ts'
import { fakeClock } from '../../support/fakes.ts'

function metrics(change: Partial<ProcessSources> = {}) {
  const clock = fakeClock()
  return buildProcessMetrics({
    clock,
    policy: () => ({ generation: 3, loadedAt: clock.now() - 5_000, isLatest: true }),
    certificate: () => ({ expiresAt: 1_800_000_000_000 }),
    headroom: () => undefined,
    ...change
  })
}

function sample(text: string, name: string): number | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

void t.test('policy and certificate are told as they are when asked', async (t) => {
  const { text } = await metrics().render()
  t.equal(sample(text, 'pidguard_policy_generation'), 3)
  t.equal(sample(text, 'pidguard_policy_age_seconds'), 5)
  t.equal(sample(text, 'pidguard_policy_latest'), 1)
  t.equal(sample(text, 'pidguard_certificate_expiry_timestamp_seconds'), 1_800_000_000)
})

void t.test('a broken policy file is 0, and no certificate is no sample: unknown is not zero', async (t) => {
  const { text } = await metrics({
    policy: () => ({ generation: 1, loadedAt: 0, isLatest: false }),
    certificate: () => undefined
  }).render()
  t.equal(sample(text, 'pidguard_policy_latest'), 0)
  t.equal(sample(text, 'pidguard_certificate_expiry_timestamp_seconds'), undefined)
})
