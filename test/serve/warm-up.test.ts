import t from 'tap'
import { warmUp } from '../../src/serve/warm-up.ts'
import type { AdmissionDeps } from '../../src/server/admission.ts'
import { admissionOf } from '../support/admissions.ts'
import { servingPair } from '../support/https.ts'

const clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** Warms up a whole admission, and gives what it answered: directly first, then over connections. */
async function warmed(pair: { cert: string; key: string }) {
  const answers: { webhook: string; status: number; allowed: boolean; isDirect: boolean }[] = []
  let isDirect = true
  const build = (facts: AdmissionDeps['facts']): ReturnType<typeof admissionOf>['admission'] => {
    const { admission } = admissionOf({}, { facts })
    queueMicrotask(() => {
      isDirect = false
    })
    return (webhook, body, arrivedAt) => {
      const answer = admission(webhook, body, arrivedAt)
      const { allowed } = JSON.parse(answer.body).response
      answers.push({ webhook, status: answer.status, allowed, isDirect })
      return answer
    }
  }
  await warmUp(build, clock, pair)
  return answers
}

void t.test('every review of the warm-up is understood, also those that come over TLS', async (t) => {
  const answers = await warmed(await servingPair())
  t.strictSame(
    answers.filter(({ status }) => status !== 200),
    []
  )
  const calls = answers.filter(({ isDirect }) => !isDirect)
  t.equal(answers.length - calls.length, 160)
  t.strictSame(new Set(calls.map(({ webhook }) => webhook)), new Set(['mutate', 'validate']))
  t.equal(calls.filter(({ allowed }) => allowed).length, 10)
})

void t.test('a certificate that cannot be served is no reason to fail here', async (t) => {
  t.equal((await warmed({ cert: 'none', key: 'none' })).length, 160)
})
