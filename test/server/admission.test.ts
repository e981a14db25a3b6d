import t from 'tap'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import { recordAdmission } from '../../src/headroom/ledger/record-admission.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { rules } from '../../src/rules/index.ts'
import { admissionOf, patchOf } from '../support/admissions.ts'
import { fakeMeter } from '../support/fakes.ts'
import { fleetOf } from '../support/headroom.ts'
import { reviewOf } from '../support/reviews.ts'
import { finding, testRule } from '../support/rules.ts'
import { settings } from '../support/settings.ts'
import { calicoObject, podObject, workloadObject } from '../support/subjects.ts'

const sound = podObject({ containers: [{ name: 'app', resources: { requests: { cpu: '1', memory: '1Gi' } } }] })

void t.test('mutate answers with uid, patch and patchType, and names what it fixed', async (t) => {
  const { send, meter } = admissionOf()
  const { status, body } = send('mutate', reviewOf(sound))
  t.equal(status, 200)
  t.match(body, { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' })
  t.match(body.response, {
    uid: 'u-1',
    allowed: true,
    patchType: 'JSONPatch',
    auditAnnotations: { fixed: 'pid-annotations' }
  })
  t.match(patchOf(body.response), [{ op: 'add', path: '/metadata/annotations' }])
  t.strictSame(meter.counted, ['mutate changed', 'pid-annotations enforce fix'])
})

void t.test(
  'what is changed in a DaemonSet of Calico is said to its author, not in the half that checks',
  async (t) => {
    const { send } = admissionOf({ calico: { iptablesBackend: 'NFT' } })
    const { body } = send('mutate', reviewOf(calicoObject()))
    t.match(body.response.warnings, [/^calico-update-strategy: RollingUpdate changed to OnDelete/])
    t.ok((body.response.warnings as string[]).every((line) => line.length <= 120))
    t.ok(patchOf(body.response).length > 0)
  }
)

void t.test('nothing to change is neither patch nor patchType', async (t) => {
  const { body } = admissionOf().send('mutate', reviewOf(workloadObject('apps/v1/Deployment')))
  t.strictSame(body.response, { uid: 'u-1', allowed: true })
})

void t.test('validate denies with code, reason and message, and never patches', async (t) => {
  const { body } = admissionOf().send('validate', reviewOf(podObject()))
  t.match(body.response, { allowed: false, status: { code: 403, reason: 'Forbidden', message: /best-effort/ } })
  t.equal(body.response.patch, undefined)
  t.equal(body.response.patchType, undefined)
})

void t.test('mutate leaves a denial to validate', async (t) => {
  const { body } = admissionOf().send('mutate', reviewOf(podObject()))
  t.equal(body.response.allowed, true)
})

void t.test('a deletion and a connection are allowed unseen, whatever they carry', async (t) => {
  for (const operation of ['DELETE', 'CONNECT']) {
    for (const webhook of ['mutate', 'validate'] as const) {
      const { body } = admissionOf().send(webhook, reviewOf(null, { operation, oldObject: podObject() }))
      t.strictSame(body.response, { uid: 'u-1', allowed: true })
    }
  }
})

void t.test('a kind no rule knows is allowed', async (t) => {
  for (const kind of ['ConfigMap', 'constructor', '__proto__', 'toString', '']) {
    const { body } = admissionOf().send('validate', reviewOf({ apiVersion: 'v1', kind, spec: 5 }))
    t.strictSame(body.response, { uid: 'u-1', allowed: true })
  }
})

const request = reviewOf(sound)['request'] as JsonRecord
const withUid: { name: string; review: object; message: RegExp }[] = [
  {
    name: 'another apiVersion',
    review: { ...reviewOf(sound), apiVersion: 'admission.k8s.io/v1beta1' },
    message: /^apiVersion: /
  },
  { name: 'another kind', review: { ...reviewOf(sound), kind: 'Review' }, message: /^kind: / },
  { name: 'object null on CREATE', review: reviewOf(null), message: /^request\.object: / },
  { name: 'object a list', review: reviewOf(sound, { object: [] }), message: /^request\.object: / },
  { name: 'an unknown operation', review: reviewOf(sound, { operation: 'PATCH' }), message: /^request\.operation: / },
  { name: 'no kind', review: reviewOf(sound, { kind: null }), message: /^request\.kind: / },
  { name: 'a malformed pod', review: reviewOf(podObject({ containers: {} })), message: /^\/spec\/containers: / }
]
for (const { name, review, message } of withUid) {
  void t.test(`${name}: with a readable uid the answer is an AdmissionReview that says what is wrong`, async (t) => {
    const { send, log, meter } = admissionOf()
    for (const webhook of ['mutate', 'validate'] as const) {
      const { status, body } = send(webhook, review)
      t.equal(status, 200)
      t.match(body.response, { uid: 'u-1', allowed: false, status: { code: 400, reason: 'BadRequest', message } })
    }
    t.strictSame(meter.counted, ['mutate malformed', 'validate malformed'])
    t.match(log.lines, [{ level: 'warn', message: 'review not understood' }, { level: 'warn' }])
  })
}

const withoutUid: { name: string; body: string }[] = [
  { name: 'nothing', body: '' },
  { name: 'broken JSON', body: '{"request":' },
  { name: 'two documents', body: '{}{}' },
  { name: 'null', body: 'null' },
  { name: 'a list', body: '[]' },
  { name: 'a text', body: '"x"' },
  { name: 'no request', body: JSON.stringify({ ...reviewOf(sound), request: undefined }) },
  { name: 'no uid', body: JSON.stringify({ ...reviewOf(sound), request: { ...request, uid: undefined } }) },
  { name: 'a uid that is a number', body: JSON.stringify({ ...reviewOf(sound), request: { ...request, uid: 5 } }) },
  { name: 'a million brackets', body: '['.repeat(1_000_000) },
  { name: 'a million brackets that close', body: '['.repeat(1_000_000) + ']'.repeat(1_000_000) },
  { name: 'a byte order mark', body: `\ufeff${JSON.stringify(reviewOf(sound))}` }
]
for (const { name, body } of withoutUid) {
  void t.test(`${name}: without a uid the answer is a Status 400`, async (t) => {
    const { send } = admissionOf()
    t.match(send('validate', body), {
      status: 400,
      body: { kind: 'Status', status: 'Failure', code: 400, reason: 'BadRequest' }
    })
  })
}

function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
}

void t.test('however deep a value is nested, there is an answer', async (t) => {
  const text = JSON.stringify(reviewOf(podObject({ containers: [{ name: 'app', env: ['@'] }] }), { oldObject: '@' }))
  const places: [string, (deep: string) => string][] = [
    ['env', (deep) => text.replace('"@"', deep).replace('"@"', 'null')],
    ['the stored object', (deep) => text.replace('"@"', '{}').replace('"@"', `{"spec":${deep}}`)],
    ['labels', (deep) => JSON.stringify(reviewOf(podObject({}, { labels: '@' }))).replace('"@"', deep)],
    [
      'annotations',
      (deep) => JSON.stringify(reviewOf(podObject({}, { annotations: { a: '@' } }))).replace('"@"', deep)
    ],
    ['a field nobody reads', (deep) => JSON.stringify(reviewOf(podObject({ volumes: '@' }))).replace('"@"', deep)],
    [
      'both objects of an update',
      (deep) =>
        JSON.stringify(
          reviewOf(podObject({ resources: { claims: '@' } }), {
            operation: 'UPDATE',
            oldObject: podObject({ resources: { claims: '@' } })
          })
        )
          .replace('"@"', deep)
          .replace('"@"', deep)
    ],
    [
      'the environment of Felix, rewritten whole',
      (deep) =>
        JSON.stringify(
          reviewOf(
            calicoObject({
              env: ['@', ...Array.from({ length: 20 }, () => ({ name: 'FELIX_IPTABLESBACKEND', value: 'auto' }))]
            })
          )
        ).replace('"@"', `{"name":"x","value":${deep}}`)
    ]
  ]
  for (const [name, put] of places) {
    for (const webhook of ['mutate', 'validate'] as const) {
      const { body } = admissionOf({ calico: { iptablesBackend: 'NFT' } }).send(webhook, put(nested(200_000)))
      t.equal(body.response.uid, 'u-1', `${webhook}: ${name}`)
      t.equal(typeof body.response.allowed, 'boolean')
    }
  }
})

void t.test('__proto__ and constructor are keys like any other', async (t) => {
  const hostile = '"__proto__":"1","constructor":"2","prototype":"3","toString":"4"'
  const text = JSON.stringify(
    reviewOf(
      podObject(
        { nodeSelector: { '@': '' }, containers: [{ name: 'a', resources: { requests: { '@': '' } } }] },
        { labels: { '@': '' }, annotations: { '@': '' } }
      )
    )
  ).replaceAll('"@":""', hostile)
  const { send } = admissionOf({ requests: { bestEffortPods: 'inject' } })
  const { body } = send('mutate', text)
  t.strictSame(
    patchOf(body.response).map(({ path }) => path),
    [
      '/spec/containers/0/resources/requests/cpu',
      '/spec/containers/0/resources/requests/memory',
      '/metadata/annotations/pidguard.io~1pids-estimate',
      '/metadata/annotations/pidguard.io~1pids-estimate-source'
    ]
  )
  const objects = JSON.stringify(reviewOf(podObject({}, { '@': '' }))).replace(
    '"@":""',
    '"__proto__":{"deletionTimestamp":"x","labels":5}'
  )
  t.equal(send('validate', objects).body.response.allowed, false, 'no prototype says that the pod is on its way out')
  t.equal(({} as JsonRecord)['labels'], undefined)
})

void t.test('a rule that fails in mode enforce denies with 500 and tells the log, not the requester', async (t) => {
  const rules = new RuleIndex([
    testRule({
      check() {
        throw new Error('inner detail')
      }
    })
  ])
  const failing = admissionOf({ modes: { 'test-rule': 'enforce' } }, { rules })
  const { body } = failing.send('validate', reviewOf(sound))
  t.match(body.response, { allowed: false, status: { code: 500, reason: 'InternalError' } })
  t.notMatch(JSON.stringify(body), 'inner detail')
  t.match(failing.log.lines, [
    { level: 'error', message: 'rule failed', fields: { ruleId: 'test-rule', err: /inner detail/ } },
    { level: 'info', message: 'review', fields: { result: 'fault' } }
  ])
  t.strictSame(failing.meter.counted, ['validate fault', 'test-rule enforce fault'])
  const observing = admissionOf({ modes: { 'test-rule': 'warn' } }, { rules })
  t.equal(observing.send('validate', reviewOf(sound)).body.response.allowed, true)
})

void t.test('a failure outside of rules denies with 500, is logged as an error and counted', async (t) => {
  const { send, log, meter } = admissionOf(
    {},
    {
      facts() {
        throw new Error('cache gone')
      }
    }
  )
  const { status, body } = send('validate', reviewOf(sound))
  t.equal(status, 200)
  t.match(body.response, { uid: 'u-1', allowed: false, status: { code: 500, reason: 'InternalError' } })
  t.notMatch(JSON.stringify(body), 'cache gone')
  t.match(log.lines, [{ level: 'error', message: 'review failed', fields: { uid: 'u-1', err: /cache gone/ } }])
  t.strictSame(meter.counted, ['validate fault'])
})

void t.test('the policy is asked for the request’s namespace; its exemptions are told', async (t) => {
  const asked: string[] = []
  const { send, meter } = admissionOf(
    {},
    {
      policy: {
        settingsFor(namespace) {
          asked.push(namespace)
          return settings()
        },
        exemption: (ruleId, subject, now) => (ruleId === 'best-effort' ? `${subject.name} ${now > 0}` : undefined)
      }
    }
  )
  const { body } = send('validate', reviewOf(podObject({}, { namespace: 'claimed' }), { namespace: 'asked' }))
  t.strictSame(asked, ['asked'])
  t.match(body.response, { allowed: true, auditAnnotations: { 'best-effort': 'exempted: web true' } })
  t.ok(meter.counted.includes('best-effort enforce exempt'))
})

const levels: { name: string; review: object; webhook?: 'mutate'; slow?: boolean; level: string; result: string }[] = [
  { name: 'allowed', review: reviewOf(sound), level: 'debug', result: 'allowed' },
  { name: 'denied', review: reviewOf(podObject()), level: 'info', result: 'denied' },
  { name: 'changed', review: reviewOf(sound), webhook: 'mutate', level: 'info', result: 'changed' },
  { name: 'slow', review: reviewOf(sound), slow: true, level: 'info', result: 'allowed' }
]
for (const { name, review, webhook = 'validate', slow = false, level, result } of levels) {
  void t.test(`a review that was ${name} is one line at ${level}`, async (t) => {
    const held = admissionOf({}, slow ? { slow: -1 } : {})
    held.send(webhook, review)
    t.match(held.log.lines, [
      {
        level,
        message: 'review',
        fields: { webhook, uid: 'u-1', kind: 'Pod', namespace: 'default', name: 'web', result }
      }
    ])
    t.equal(held.log.lines.length, 1)
  })
}

void t.test('slow is longer than the limit, not as long', async (t) => {
  for (const [elapsed, level] of [
    [100, 'debug'],
    [101, 'info']
  ] as const) {
    const held = admissionOf()
    const facts = (): object => {
      held.clock.advance(elapsed)
      return {}
    }
    const { log, send } = admissionOf({}, { facts, clock: held.clock })
    send('validate', reviewOf(sound))
    t.equal(log.lines[0]?.level, level)
    t.equal(log.lines[0]?.fields['durationMs'], elapsed)
  }
})

void t.test(
  'the time that a review waited to be judged is a part of its duration, whatever becomes of it',
  async (t) => {
    const bodies = {
      validated: reviewOf(sound),
      'not checked': reviewOf(null, { operation: 'DELETE' }),
      malformed: reviewOf(sound, { kind: null }),
      'not even JSON': '{'
    }
    for (const [name, body] of Object.entries(bodies)) {
      const counted: number[] = []
      const meter = { ...fakeMeter(), countReview: (...[, , seconds]: unknown[]) => counted.push(seconds as number) }
      const { admission, clock, log } = admissionOf({}, { meter })
      const arrivedAt = clock.monotonic()
      clock.advance(101)
      admission('validate', Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), arrivedAt).report()
      t.strictSame(counted, [0.101], name)
      if (name === 'validated') t.match(log.lines, [{ level: 'info', fields: { durationMs: 101 } }], 'and it is slow')
    }
  }
)

void t.test('a dry run and a subresource are told in the line', async (t) => {
  const { send, log } = admissionOf()
  send('validate', reviewOf(podObject(), { dryRun: true, subResource: 'resize', operation: 'UPDATE' }))
  t.match(log.lines[0]?.fields, { dryRun: true, subresource: 'resize', operation: 'UPDATE' })
})

void t.test('no line holds a part of an object, a variable’s value, or what was sent', async (t) => {
  const secret = 'S3CR3T-VALUE'
  const { send, log } = admissionOf({ calico: { iptablesBackend: 'NFT' } })
  const containers = [{ name: 'app', image: secret, env: [{ name: 'P', value: secret }], args: [secret] }]
  for (const webhook of ['mutate', 'validate'] as const) {
    send(webhook, reviewOf(podObject({ containers }, { annotations: { a: secret, 'pidguard.io/pids': secret } })))
    send(webhook, reviewOf(calicoObject({ env: [{ name: 'FELIX_IPTABLESBACKEND', value: secret }] })))
    send(webhook, reviewOf(podObject({ containers: secret })))
    send(webhook, `{"a": ${secret}}`)
    send(webhook, secret)
  }
  t.equal(log.lines.length, 10)
  t.notMatch(log.lines.map(({ fields }) => JSON.stringify(fields, withErrors)).join('\n'), secret)
})

/** As pino shows errors: message, stack and cause. */
function withErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { message: value.message, stack: value.stack, cause: value.cause } : value
}

void t.test('a line is bounded, whatever the names and however many the findings', async (t) => {
  const { send, log } = admissionOf()
  const containers = Array.from({ length: 500 }, (_, i) => ({ name: `c${i}`, resources: { limits: { cpu: '1' } } }))
  send(
    'validate',
    reviewOf(podObject({ containers }), { name: 'n'.repeat(1e6), namespace: 's'.repeat(1e6), subResource: '' })
  )
  send('validate', reviewOf(podObject({}, { labels: { ['k'.repeat(1e6)]: 5 } })))
  send('validate', { ...reviewOf(sound), kind: 'k'.repeat(1e6) })
  t.equal(log.lines.length, 3)
  for (const { fields } of log.lines) t.ok(JSON.stringify(fields, withErrors).length < 8_192)
  t.equal(log.lines[0]?.fields['findingCount'], 500)
})

void t.test('every answer stays below what the API server takes', async (t) => {
  const rules = new RuleIndex([
    testRule({ check: () => Array.from({ length: 10_000 }, () => finding({ detail: 'x'.repeat(1_000) })) })
  ])
  const { admission } = admissionOf({ modes: { 'test-rule': 'enforce' } }, { rules })
  t.ok(admission('validate', Buffer.from(JSON.stringify(reviewOf(sound))), 0).body.length < 64 * 1024)
})

void t.test('what passed validation is told of, with the settings it passed under; nothing else is', async (t) => {
  const told: string[] = []
  const { send } = admissionOf({}, { admitted: ({ name }, { pids }) => told.push(`${name} ${pids.estimate}`) })
  send('mutate', reviewOf(sound))
  send('validate', reviewOf(sound, { dryRun: true }))
  send('validate', reviewOf(podObject()))
  send('validate', reviewOf(null, { operation: 'DELETE', oldObject: sound }))
  t.strictSame(told, [])
  send('validate', reviewOf(sound))
  t.strictSame(told, ['web 50'])
})

void t.test('a failure to note what was admitted does not change the answer', async (t) => {
  const { send, log } = admissionOf(
    {},
    {
      admitted() {
        throw new Error('broken')
      }
    }
  )
  t.equal(send('validate', reviewOf(sound)).body.response.allowed, true)
  t.match(
    log.lines.filter(({ level }) => level === 'error'),
    [{ message: 'admission not recorded', fields: { kind: 'Pod', name: 'web' } }]
  )
})

void t.test('nothing is counted or logged before the answer is out; a failure to do so is told', async (t) => {
  const { admission, meter, log } = admissionOf()
  const bodies = [reviewOf(podObject()), reviewOf(null, { operation: 'DELETE' }), reviewOf(sound, { kind: null })]
  for (const body of bodies) {
    const { report } = admission('validate', Buffer.from(JSON.stringify(body)), 0)
    t.strictSame([meter.counted, log.lines], [[], []])
    meter.countReview = () => {
      throw new Error('no counter')
    }
    report()
    t.match(log.lines.splice(0), [{ level: 'error', message: 'review not reported', fields: { err: /no counter/ } }])
  }
})

/** An admission over a node that has room for 300 PIDs, and keeps count of what it admits there. */
function overNode() {
  const { ledger, headroom } = fleetOf({ n1: { kubepods: [1000, 700] } })
  return admissionOf(
    { headroom: { floor: { pids: 0 } } },
    {
      rules: new RuleIndex(rules),
      facts: () => ({ headroom }),
      admitted: (subject, policy) => recordAdmission(subject, policy, ledger, headroom)
    }
  )
}

function podOf(uid: string, pids: number): JsonRecord {
  const resources = { requests: { cpu: '1', memory: '1Gi' } }
  const annotations = { 'pidguard.io/pids': String(pids) }
  return podObject({ containers: [{ name: 'app', resources }] }, { uid, annotations })
}

void t.test('a denial is told from the nodes as it found them, though it is logged after later reviews', async (t) => {
  const { admission, log } = overNode()
  const judged = [400, 100].map((pids) =>
    admission('validate', Buffer.from(JSON.stringify(reviewOf(podOf(`p${pids}`, pids)))), 0)
  )
  t.strictSame(
    judged.map(({ body }) => JSON.parse(body).response.allowed),
    [false, true]
  )
  for (const { report } of judged) report()
  const denied = log.lines.find(({ message }) => message === 'review')
  t.match(denied?.fields['findings'], [{ account: [{ ceilings: [{ free: 300 }, {}] }] }])
})

void t.test('a burst is counted as it is admitted, and a dry run leaves no trace', async (t) => {
  const { send, log } = overNode()
  const answer = (uid: string, change = {}) => send('validate', reviewOf(podOf(uid, 100), change)).body.response
  for (let i = 0; i < 5; i++) t.equal(answer('dry', { dryRun: true }).allowed, true)
  const burst = Array.from({ length: 50 }, (_, i) => answer(`p${i}`).allowed)
  t.equal(burst.filter((allowed) => allowed).length, 3)
  t.equal(answer('p0').allowed, true, 'one that was admitted is asked of again')
  const { status, auditAnnotations } = answer('late')
  t.match(
    status?.message,
    /needs 100; n1 has 300 PIDs free under kubepods: limit 1000, .* 3 admitted pods without a node/
  )
  t.match(auditAnnotations?.['pid-headroom'], /^deny: no node has room for this pod; pids=100 pods=1 .* free=300$/)
  const denied = log.lines.findLast(({ message }) => message === 'review')
  t.match(denied?.fields['findings'], [
    { ruleId: 'pid-headroom', account: [{ node: 'n1', ceilings: [{ free: 300 }, {}] }] }
  ])
})

void t.test('an object of too many fields is denied before it is parsed', async (t) => {
  const { send } = admissionOf()
  const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'x']))
  const review = { ...reviewOf(sound), kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' }
  const { request } = review as unknown as { request: JsonRecord }
  const asWritten = {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: { uid: 'u-9', ...request, object: podObject({ nodeSelector: labels(100_001) }) }
  }
  const { status, body } = send('validate', { ...asWritten, request: { ...asWritten.request, uid: 'u-9' } })
  t.equal(status, 200)
  t.match(body.response, {
    uid: 'u-9',
    allowed: false,
    status: { code: 413, reason: 'RequestEntityTooLarge', message: /at most 100000 fields/ }
  })
  const { uid, ...rest } = asWritten.request
  const other = send('validate', { ...asWritten, request: { ...rest, uid } })
  t.equal(other.status, 413, 'one that the API server did not write has no uid to answer with')
})

void t.test('a mapping of too many keys is denied with its place', async (t) => {
  const { send } = admissionOf()
  const labels = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, 'x']))
  t.match(send('validate', reviewOf(podObject({}, { labels }))).body.response, {
    allowed: false,
    status: { code: 413, message: /^\/metadata\/labels: expected at most 1000 labels, found 1001/ }
  })
})
