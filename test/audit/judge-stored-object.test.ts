import jsonPatch from 'fast-json-patch'
import t from 'tap'
import { auditVerdictOf, type LevelledFinding } from '../../src/audit/judge-stored-object.ts'
import { InputFacts } from '../../src/engine/input-facts.ts'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import { subjectOfObject } from '../../src/kubernetes/subject.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { rules } from '../../src/rules/index.ts'
import { ObjectJudge } from '../../src/validate/object-judge.ts'
import { admissionOf, patchOf } from '../support/admissions.ts'
import { readFixtures } from '../support/fixtures.ts'
import type { World } from '../support/judge.ts'
import { reviewOf } from '../support/reviews.ts'
import { settings } from '../support/settings.ts'
import { podObject } from '../support/subjects.ts'

const index = new RuleIndex(rules)

/** Facts of nodes are an audit's own; a webhook that is asked about an object has none of them. */
function worldOf({ settings, facts }: World): World {
  return {
    ...(settings && { settings }),
    facts: facts?.limitRanges === undefined ? {} : { limitRanges: facts.limitRanges }
  }
}

function audited(object: JsonRecord, world: World): readonly LevelledFinding[] {
  const held = settings(world.settings)
  const policy = { settingsFor: () => held, exemption: () => undefined }
  const subject = subjectOfObject(structuredClone(object), 'default')
  return auditVerdictOf(subject, index, policy, held, world.facts ?? {})?.findings ?? []
}

const worst = ['deny', 'warn', 'audit']

/** What an answer says of each rule: the worst of its findings. */
function perRule(findings: readonly { ruleId: string; level: string; reason: string }[]): Record<string, string> {
  const said: Record<string, string> = {}
  for (const level of worst.toReversed()) {
    for (const finding of findings) if (finding.level === level) said[finding.ruleId] = `${level}: ${finding.reason}`
  }
  return said
}

/** What the API server is told of the object: mutated first, then validated. What was skipped is no finding. */
function admitted(object: JsonRecord, world: World): Record<string, string> {
  const { send } = admissionOf(world.settings, { facts: () => world.facts ?? {} })
  const { name = '' } = (object['metadata'] ?? {}) as { name?: string }
  const request = { name, userInfo: { username: 'system:node:fixture', groups: [] } }
  const { response } = send('mutate', reviewOf(object, request)).body
  const patched = jsonPatch.applyPatch(structuredClone(object), patchOf(response) as never, true).newDocument
  const annotations = send('validate', reviewOf(patched, request)).body.response.auditAnnotations ?? {}
  const entries = Object.entries(annotations).map(([key, text]) => [key, text.split(';')[0] as string] as const)
  return Object.fromEntries(
    entries.filter(([key, text]) => rules.some(({ id }) => id === key) && !text.startsWith('skipped'))
  )
}

/** A mirror pod, or an object that is being deleted: only a cluster can hold these. */
function isWordOfTheCluster({ metadata }: JsonRecord): boolean {
  const { annotations, deletionTimestamp } = (metadata ?? {}) as { annotations?: object; deletionTimestamp?: unknown }
  return deletionTimestamp !== undefined || Object.hasOwn(annotations ?? {}, 'kubernetes.io/config.mirror')
}

/** What validate says of it, with the LimitRanges given. */
function validated(object: JsonRecord, world: World): string[] {
  const held = settings(world.settings)
  const judge = new ObjectJudge(index, { settingsFor: () => held, exemption: () => undefined }, 'default')
  const facts = new InputFacts('default', new Map())
  const { namespace = 'default' } = (object['metadata'] ?? {}) as { namespace?: string }
  const spec = { limits: world.facts?.limitRanges ?? [] }
  facts.add({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'a', namespace }, spec })
  const version = judge.versionOf(object)
  if (version === undefined) return []
  const verdict = judge.judge(structuredClone(object), version, facts)
  if ('problems' in verdict) return verdict.problems.map(({ message }) => message)
  return verdict.findings
    .map(({ action, ruleId, pointer, reason, detail }) => [action, ruleId, pointer, reason, detail].join(' '))
    .sort()
}

t.test('the same object under the same policy: the webhook, validate and audit say the same', async (t) => {
  let compared = 0
  for (const { file, documents, world: whole } of readFixtures()) {
    const world = worldOf(whole)
    for (const object of documents) {
      if (object['kind'] === 'Binding' || object['kind'] === 'Scale') continue
      const left = audited(object, world).filter(({ level }) => level !== 'change')
      t.strictSame(perRule(left), admitted(object, world), `${file}: as the webhook`)
      // In a file nobody takes these for the word of a kubelet or of the API server; test/validate has them.
      if (isWordOfTheCluster(object)) continue
      const known = { ...world, facts: { limitRanges: [], ...world.facts } }
      const told = audited(object, known)
        .filter(({ level }) => level !== 'change')
        .map(({ level, ruleId, pointer, reason, detail }) => [level, ruleId, pointer, reason, detail].join(' '))
      t.strictSame(told.sort(), validated(object, known), `${file}: as validate`)
      compared += told.length
    }
  }
  t.ok(compared > 50, `${compared} findings`)
})

t.test('what the webhook would fix is reported as change, with its place', async (t) => {
  const object = podObject({ containers: [{ name: 'app', resources: { requests: { cpu: '1' } } }] })
  t.match(audited(object, {}), [{ ruleId: 'resource-requests', level: 'change', reason: 'resource request missing' }])
})

t.test('no rule looks at a ConfigMap', async (t) => {
  const subject = subjectOfObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } })
  const policy = { settingsFor: () => settings(), exemption: () => undefined }
  t.equal(auditVerdictOf(subject, index, policy, settings(), {}), undefined)
})
