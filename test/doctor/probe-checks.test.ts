import t from 'tap'
import type { ProbeAnswer, ProbeRefusal } from '../../src/doctor/admission-probe.ts'
import { type ProbeFacts, policyViewOf, probeChecks } from '../../src/doctor/probe-checks.ts'
import { filePolicyOf } from '../../src/host/policy-once.ts'
import { readPolicy } from '../../src/policy/document/read-policy.ts'
import { policyRules } from '../../src/rules/index.ts'
import type { FilePolicy } from '../../src/validate/object-judge.ts'
import { installationOf, namespaceOf, soundProbe } from '../support/installations.ts'
import { documentOf } from '../support/policies.ts'

/** As it comes back where nobody has said anything. */
const unwanted = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', annotations: { 'pidguard.io/pids': 'none' } },
  spec: { containers: [{ name: 'a', image: 'a' }] }
}
const requests = { cpu: '10m', memory: '32Mi' }
const modest = {
  ...unwanted,
  metadata: { name: 'a' },
  spec: { containers: [{ name: 'a', image: 'a', resources: { requests } }] }
}

/** As the first comes back where a LimitRange gives requests. */
const filled = { ...modest, metadata: unwanted.metadata }

function passed(pod: ProbeAnswer['pod'], change: Partial<ProbeAnswer> = {}): ProbeAnswer {
  return { pod, mutated: false, validated: false, refusal: undefined, took: 7, ...change }
}

function refused(cause: ProbeRefusal['cause'], message: string, by = 'the API server'): ProbeAnswer {
  return passed(undefined, { refusal: { cause, by, message } })
}

const { validate: seen, mutate: marked } = soundProbe
const unseen = passed(unwanted)
const unmarked = passed(modest)
const denied = passed(undefined, { validated: true })
const podSecurity = refused('others', 'violates PodSecurity "restricted:latest"')
const kyverno = refused(
  'others',
  'admission webhook "validate.kyverno.svc" denied the request: no',
  'validate.kyverno.svc'
)
const unreached = refused('unreached', 'failed calling webhook "validate.pidguard.io": EOF', 'validate.pidguard.io')
const forbidden = refused('forbidden', 'User "ci" cannot create resource "pods"')

function policyOf(spec: string): FilePolicy {
  return filePolicyOf(readPolicy(documentOf(spec), { rules: policyRules, source: 'policy.yaml' }), policyRules, 0)
}

/** An installation with this policy, in which this was seen. */
function facts(validate: ProbeAnswer, mutate: ProbeAnswer, spec = '{}', probeNamespace = 'default'): ProbeFacts {
  const namespaces = [namespaceOf('default'), namespaceOf('batch', { team: 'data' })]
  const policyView = policyViewOf(policyOf(spec), policyRules, probeNamespace, namespaces)
  return installationOf({ probe: { validate, mutate }, probeNamespace, policyView, namespaces })
}

const observe = 'rules: {best-effort: warn, pid-annotations: warn, resource-requests: warn}'
const silent = 'rules: {best-effort: audit, pid-annotations: audit, resource-requests: audit}'
const inject = 'requests: {bestEffortPods: inject}\nrules: {pid-annotations: warn}'
const onlyMarks = 'rules: {best-effort: off}'
const exempted = `exemptions: [{rules: ['*'], namespaces: ['*'], reason: a trial of ours, expires: 2027-01-31}]`
const labelled = `overrides: [{name: data, namespaces: {selector: {matchLabels: {team: data}}}, ${silent}}]`

const cases: { name: string; facts: ProbeFacts; want: [level: string, found: RegExp][] }[] = [
  { name: 'not tried', facts: installationOf({ probe: undefined }), want: [] },
  {
    name: 'both halves',
    facts: facts(seen, marked),
    want: [
      ['ok', /^the API server asks pidguard to validate, and listens \(12 ms\)$/],
      ['ok', /^the API server asks pidguard to mutate, and listens \(9 ms\)$/]
    ]
  },
  {
    name: 'the validating half is dead: the mark of the other is no comfort',
    facts: facts(passed(unwanted, { mutated: true }), marked),
    want: [
      ['error', /^a pod without requests passed unseen, .*: pidguard was not asked to validate/],
      ['ok', /to mutate/]
    ]
  },
  {
    name: 'the mutating half is dead: the refusal of the other is no comfort',
    facts: facts(seen, unmarked),
    want: [
      ['ok', /to validate/],
      ['error', /^a pod passed without a mark of pidguard, .*: pidguard was not asked to mutate/]
    ]
  },
  {
    name: 'both are dead',
    facts: facts(unseen, unmarked),
    want: [
      ['error', /to validate/],
      ['error', /to mutate/]
    ]
  },
  {
    name: 'observe: warned about, and nothing to change',
    facts: facts(passed(unwanted, { validated: true }), unmarked, observe),
    want: [
      ['ok', /to validate/],
      ['info', /mutate was not seen: the policy changes no pods in default$/]
    ]
  },
  {
    name: 'observe, and dead',
    facts: facts(unseen, unmarked, observe),
    want: [
      ['error', /validate/],
      ['warn', /mutate was not seen/]
    ]
  },
  {
    name: 'a policy that only writes down: nothing was looked at, which is not fine',
    facts: facts(unseen, unmarked, silent),
    want: [
      ['warn', /validate was not seen: the policy neither refuses/],
      ['warn', /mutate was not seen/]
    ]
  },
  {
    name: 'inject, where only PIDs are warned about',
    facts: facts(unseen, marked, inject),
    want: [
      ['error', /validate/],
      ['ok', /mutate/]
    ]
  },
  {
    name: 'best-effort is off: PIDs that are no count are refused all the same',
    facts: facts(unseen, marked, onlyMarks),
    want: [
      ['error', /validate/],
      ['ok', /mutate/]
    ]
  },
  {
    name: 'a LimitRange has given it requests: PIDs that are no count are refused all the same',
    facts: facts(passed(filled), marked),
    want: [
      ['error', /validate/],
      ['ok', /mutate/]
    ]
  },
  {
    name: 'a LimitRange has given it requests, and PIDs are not looked at',
    facts: facts(passed(filled), unmarked, 'rules: {pid-annotations: off}'),
    want: [
      ['warn', /validate was not seen: the policy neither refuses/],
      ['warn', /mutate was not seen/]
    ]
  },
  {
    name: 'everything is exempted',
    facts: facts(unseen, unmarked, exempted),
    want: [
      ['warn', /validate was not seen/],
      ['warn', /mutate was not seen/]
    ]
  },
  {
    name: 'a system namespace',
    facts: facts(unseen, unmarked, '{}', 'kube-system'),
    want: [
      ['warn', /in kube-system$/],
      ['warn', /in kube-system$/]
    ]
  },
  {
    name: 'an override by label of the namespace',
    facts: facts(unseen, unmarked, labelled, 'batch'),
    want: [
      ['warn', /in batch$/],
      ['warn', /in batch$/]
    ]
  },
  {
    name: 'the pod that should pass is refused by us: nodes are full, say',
    facts: facts(seen, denied),
    want: [
      ['ok', /validate/],
      ['info', /mutate was not seen: pidguard refused the pod/]
    ]
  },
  {
    name: 'a policy that is not known, and one half seen',
    facts: { ...facts(seen, unmarked), policyView: undefined },
    want: [
      ['ok', /validate/],
      ['info', /mutate was not seen: the policy in force is not known/]
    ]
  },
  {
    name: 'a policy that is not known, and nothing seen',
    facts: { ...facts(unseen, unmarked), policyView: undefined },
    want: [
      ['warn', /validate was not seen/],
      ['warn', /mutate was not seen/]
    ]
  },
  {
    name: 'Pod Security refuses: once, and no error',
    facts: facts(podSecurity, podSecurity),
    want: [['warn', /^not looked at: refused by the API server: violates PodSecurity/]]
  },
  {
    name: 'a policy engine refuses one of them',
    facts: facts(kyverno, marked),
    want: [
      ['warn', /^not looked at: refused by validate\.kyverno\.svc: /],
      ['ok', /mutate/]
    ]
  },
  {
    name: 'this user may not create pods: once, and no error',
    facts: facts(forbidden, forbidden),
    want: [['warn', /^not looked at: this user may not create pods in default/]]
  },
  {
    name: 'pidguard itself could not be called',
    facts: facts(unreached, unreached),
    want: [['error', /^failed calling webhook "validate\.pidguard\.io"/]]
  }
]
for (const { name, facts: given, want } of cases) {
  void t.test(`${name}: ${want.map(([level]) => level).join(', ') || 'nothing'}`, async (t) => {
    const checks = probeChecks(given)
    t.strictSame(
      checks.map(({ level, about }) => `${level} ${about}`),
      want.map(([level]) => `${level} a real call`)
    )
    for (const [index, [, found]] of want.entries()) t.match(checks[index]?.found, found)
    for (const { level, remedy } of checks) if (level !== 'ok') t.ok(remedy, 'what to do')
  })
}

void t.test('what to do depends on who refused', async (t) => {
  const remedyOf = (answer: ProbeAnswer) => probeChecks(facts(answer, answer))[0]?.remedy
  for (const answer of [podSecurity, kyverno, forbidden]) t.match(remedyOf(answer), '--probe-namespace')
  t.match(remedyOf(forbidden), 'may create pods')
  t.match(remedyOf(unreached), 'failed calling webhook')
})
