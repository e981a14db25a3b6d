import { RuleIndex } from '../../src/engine/rule-index.ts'
import type { ReviewResponse } from '../../src/kubernetes/admission-review.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { Webhook } from '../../src/model/review-outcome.ts'
import { rules } from '../../src/rules/index.ts'
import { type AdmissionDeps, buildAdmission } from '../../src/server/admission.ts'
import { fakeClock, fakeLog, fakeMeter } from './fakes.ts'
import { type SettingsChange, settings } from './settings.ts'

/** A whole admission with all rules over the given settings, its clock, log and meter in the test's hand. */
export function admissionOf(change: SettingsChange = {}, deps: Partial<AdmissionDeps> = {}) {
  const clock = fakeClock()
  const log = fakeLog()
  const meter = fakeMeter()
  const held = settings(change)
  const admission = buildAdmission({
    rules: new RuleIndex(rules),
    policy: { settingsFor: () => held, exemption: () => undefined },
    clock,
    log,
    meter,
    slow: 100,
    facts: () => ({}),
    ...deps
  })
  return {
    admission,
    clock,
    log,
    meter,
    /** Sends a body, text or an object, and gives back the parsed answer, counted and logged. */
    send: (
      webhook: Webhook,
      body: string | object
    ): { status: number; body: JsonRecord & { response: ReviewResponse } } => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const answer = admission(webhook, Buffer.from(text), (deps.clock ?? clock).monotonic())
      answer.report()
      return { status: answer.status, body: JSON.parse(answer.body) }
    }
  }
}

/** The RFC 6902 document an answer carries. */
export function patchOf({ patch }: ReviewResponse): JsonRecord[] {
  return patch === undefined ? [] : JSON.parse(Buffer.from(patch, 'base64').toString('utf8'))
}
