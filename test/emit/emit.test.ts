// test/e2e/emit.test.ts asks a real API server for its verdicts; here is what can be seen without one.
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { type EmitOptions, emit } from '../../src/emit/emit.ts'
import { renderEmitted } from '../../src/emit/render.ts'
import { readPolicy } from '../../src/policy/document/read-policy.ts'
import { defaultPolicy } from '../../src/policy/policy-of-document.ts'
import { policyRules } from '../../src/rules/index.ts'
import { goldenOf, objectsOf } from '../support/rendered.ts'

interface Emitted {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> }
  readonly spec: {
    readonly policyName?: string
    readonly validationActions?: readonly string[]
    readonly failurePolicy?: string
    readonly matchConstraints?: {
      readonly namespaceSelector?: object
      readonly resourceRules: readonly {
        readonly resources: readonly string[]
        readonly operations: readonly string[]
      }[]
    }
    readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[]
    readonly variables?: readonly { readonly name: string; readonly expression: string }[]
    readonly validations?: readonly {
      readonly expression: string
      readonly messageExpression: string
      readonly message: string
    }[]
  }
}

const now = Date.parse('2026-12-01T00:00:00Z')
const usual: EmitOptions = { server: 37, fallback: false, noLimitRanges: false, fillPods: false, static: undefined }

function policyOf(spec: string) {
  const text = `{apiVersion: pidguard.io/v1alpha1, kind: PidGuardPolicy, spec: {${spec}}}`
  return readPolicy(text, { rules: policyRules, source: 'the test' })
}

function emitted(spec = '', options: Partial<EmitOptions> = {}): { objects: Emitted[]; remarks: readonly string[] } {
  const { objects, remarks } = emit(policyOf(spec), policyRules, { ...usual, ...options }, now)
  return { objects: objects as unknown as Emitted[], remarks }
}

/** Each binding by name, with its action; those of a mutating policy have none. */
function actionsOf({ objects }: { objects: readonly Emitted[] }): Record<string, string> {
  const bindings = objects.filter(({ kind }) => kind.endsWith('Binding'))
  return Object.fromEntries(
    bindings.map(({ metadata, spec }) => [metadata.name, spec.validationActions?.join() ?? 'fixes'])
  )
}

const rich = `
  calico: {iptablesBackend: NFT},
  pids: {profiles: [{name: dotnet, match: {images: ['*/dotnet/*']}, threadCap: {runtime: dotnet, threads: 200}}]},
  overrides: [{name: batch, namespaces: {names: ['batch-*'], selector: {matchLabels: {team: data}}}, rules: {best-effort: warn}}],
  exemptions: [
    {rules: [best-effort], names: ['report-*'], reason: A reason of some length, expires: 2027-01-31},
    {rules: ['*'], names: ['ended-*'], reason: A reason that has ended, expires: 2026-11-30}
  ]`

void t.test('every binding has its policy, and no two objects one name', async (t) => {
  for (const options of [
    {},
    { fallback: true },
    { noLimitRanges: true },
    { fillPods: true },
    { static: 'validating' as const }
  ]) {
    const { objects } = emitted(rich, options)
    const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    t.equal(new Set(names).size, names.length)
    for (const { kind, spec } of objects) {
      if (spec.policyName !== undefined)
        t.ok(names.includes(`${kind.replace('Binding', '')}/${spec.policyName}`), spec.policyName)
    }
  }
})

void t.test('a variable is named once, asked for, and only after it was made', async (t) => {
  for (const { metadata, spec } of emitted(rich, { fillPods: true }).objects) {
    const { variables = [] } = spec
    const names = variables.map(({ name }) => name)
    t.equal(new Set(names).size, names.length, metadata.name)
    for (const [i, { expression }] of variables.entries()) {
      for (const [, name] of expression.matchAll(/variables\.(\w+)/g))
        t.ok(names.slice(0, i).includes(name ?? ''), `${metadata.name}: ${name} in ${names[i]}`)
    }
    const all = JSON.stringify(spec)
    for (const name of names) t.ok(all.includes(`variables.${name}`), `${metadata.name}: ${name}`)
    for (const { expression } of spec.matchConditions ?? []) t.notMatch(expression, 'variables.')
  }
})

void t.test('a Pod as most are costs each policy its conditions only, and no message', async (t) => {
  const ofMostPods: Readonly<Record<string, string>> = {
    'best-effort': 'may-be-best-effort',
    'pid-annotations': 'declares-pids',
    'node-exporter-processes': 'has-the-image',
    'runtime-thread-cap': 'has-a-capped-profile'
  }
  const ofPods = emitted(rich).objects.filter(
    ({ kind, metadata: { name } }) => kind === 'ValidatingAdmissionPolicy' && name.includes('.pods.')
  )
  const found = new Set<string>()
  for (const { metadata, spec } of ofPods) {
    const names = (spec.matchConditions ?? []).map(({ name }) => name)
    const rule = metadata.annotations['pidguard.io/rules'] ?? ''
    found.add(rule)
    t.ok(names.includes(ofMostPods[rule] ?? ''), `${metadata.name}: ${names.join()}`)
    if (metadata.name.endsWith('.advice.pidguard.io') && rule !== 'node-exporter-processes')
      t.ok(names.includes('is-on-the-host-network'), `${metadata.name}: ${names.join()}`)
  }
  t.strictSame([...found].sort(), Object.keys(ofMostPods).sort())
})

void t.test('a message is one line, in the words of the rule', async (t) => {
  for (const { metadata, spec } of emitted(rich).objects) {
    for (const { message, messageExpression } of spec.validations ?? []) {
      t.notMatch(message, '\n')
      t.match(messageExpression, metadata.annotations['pidguard.io/rules'] ?? 'no rule')
    }
  }
})

void t.test('the mode of a rule is the action of its binding; what only advises never denies', async (t) => {
  const enforced = actionsOf(emitted('calico: {iptablesBackend: NFT}'))
  t.match(enforced, {
    'best-effort.pods.pidguard.io': 'Deny',
    'best-effort.templates.advice.pidguard.io': 'Warn',
    'pid-annotations.templates.pidguard.io': 'Deny',
    'calico-update-strategy.daemonsets.pidguard.io': 'Deny',
    'felix-configuration.configurations.pidguard.io': 'Warn',
    'node-exporter-processes.daemonsets.pidguard.io': 'Warn',
    'calico.pidguard.io': 'fixes'
  })
  t.notOk('best-effort.templates.pidguard.io' in enforced)
  const other = actionsOf(emitted('rules: {best-effort: audit, pid-annotations: off, calico-update-strategy: warn}'))
  t.equal(other['best-effort.pods.pidguard.io'], 'Audit')
  t.equal(other['best-effort.templates.pidguard.io'], 'Audit')
  t.notOk(Object.keys(other).some((name) => name.startsWith('pid-annotations')))
  t.equal(other['calico-update-strategy.daemonsets.pidguard.io'], 'Warn')
  t.notOk('calico.pidguard.io' in other)
})

void t.test('an override has policies of its own for the rules that it changes, and for no others', async (t) => {
  const actions = actionsOf(emitted(rich))
  t.equal(actions['best-effort.pods.batch.pidguard.io'], 'Warn')
  t.equal(actions['best-effort.pods.pidguard.io'], 'Deny')
  t.notOk('pid-annotations.pods.batch.pidguard.io' in actions)
})

void t.test('where no LimitRange is, templates are denied', async (t) => {
  const actions = actionsOf(emitted('', { noLimitRanges: true }))
  t.equal(actions['best-effort.templates.pidguard.io'], 'Deny')
})

void t.test('where pods without requests are given some, best-effort is left out, and it says so', async (t) => {
  const { objects, remarks } = emitted('requests: {bestEffortPods: inject}')
  t.notOk(objects.some(({ metadata }) => metadata.name.startsWith('best-effort')))
  t.match(remarks.join('\n'), /best-effort is left out: .*inject/)
})

void t.test('resources, operations and namespaces are those of the webhook configurations', async (t) => {
  const webhooks = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].flatMap(
    (kind) =>
      objectsOf(goldenOf('default')).get(`${kind}/pidguard`)?.['webhooks'] as NonNullable<
        Emitted['spec']['matchConstraints']
      >[] &
        { rules: object[] }[]
  ) as unknown as readonly {
    namespaceSelector?: object
    rules: readonly { apiGroups: string[]; resources: string[]; operations: string[] }[]
  }[]
  for (const { metadata, spec } of emitted(rich).objects) {
    for (const rule of spec.matchConstraints?.resourceRules ?? []) {
      const { resources, operations } = rule
      for (const resource of resources) {
        const calling = webhooks.filter(({ rules }) =>
          rules.some(
            (each) => each.resources.includes(resource) && operations.every((one) => each.operations.includes(one))
          )
        )
        t.ok(calling.length > 0, `${metadata.name}: ${operations.join()} of ${resource}`)
        const selector = spec.matchConstraints?.namespaceSelector
        if (resource === 'pods') t.strictSame(selector, calling[0]?.namespaceSelector, metadata.name)
      }
    }
  }
})

void t.test(
  'system namespaces of the policy with wildcards, or fewer of them than the webhooks leave out',
  async (t) => {
    const { objects } = emitted("systemNamespaces: [kube-system, 'infra-*']")
    const of = (name: string) =>
      objects.find(({ kind, metadata }) => metadata.name === name && !kind.endsWith('Binding'))?.spec
    const pods = of('pid-annotations.pods.pidguard.io')
    t.match(JSON.stringify(pods?.matchConstraints?.namespaceSelector), '"values":["kube-system"]')
    const conditions = Object.fromEntries(
      (pods?.matchConditions ?? []).map(({ name, expression }) => [name, expression])
    )
    t.equal(conditions['not-a-system-namespace'], '!(request.namespace.matches("(?s)^(infra-.*)$"))')
    t.match(conditions['where-the-webhook-is-called'], '"pidguard-system"')
    const templates = of('pid-annotations.templates.pidguard.io')?.matchConditions ?? []
    t.match(
      templates.find(({ name }) => name === 'where-the-webhook-is-called')?.expression,
      'request.kind.kind != "DaemonSet"'
    )
  }
)

void t.test('an exemption ends on its day, and one that has ended is not there', async (t) => {
  const { objects, remarks } = emitted(rich)
  const text = JSON.stringify(objects)
  t.match(text, String.raw`timestamp(\"2027-02-01T00:00:00.000Z\")`)
  t.notMatch(text, 'ended-')
  t.match(remarks.join('\n'), 'An exemption has ended and is left out: A reason that has ended')
})

void t.test(
  'beside the webhook: denials of Pods that it has not seen, fixes of Calico, and nothing that is said twice',
  async (t) => {
    const { objects } = emitted(rich, { fallback: true })
    t.strictSame(actionsOf({ objects }), {
      'best-effort.pods.pidguard.io': 'Deny',
      'pid-annotations.pods.pidguard.io': 'Deny',
      'calico.pidguard.io': 'fixes',
      'unmark.pidguard.io': 'fixes'
    })
    for (const { metadata, spec } of objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')) {
      t.ok(
        spec.matchConditions?.some(({ name }) => name === 'not-seen-by-the-webhook'),
        metadata.name
      )
    }
  }
)

void t.test('Pods are filled only where that is asked for, by the modes of both rules', async (t) => {
  const fill = (spec: string) => emitted(spec, { fillPods: true })
  const textOf = (spec: string) =>
    JSON.stringify(fill(spec).objects.filter(({ metadata }) => metadata.name.startsWith('pods.')))
  t.notOk(Object.keys(actionsOf(emitted(rich))).some((name) => name.startsWith('pods')))
  t.match(emitted().remarks.join('\n'), 'Not written: requests and estimates')
  t.match(fill('').remarks.join('\n'), 'without LimitRanges')
  t.match(actionsOf(fill('requests: {bestEffortPods: inject}')), {
    'pods.pidguard.io': 'fixes',
    'best-effort.pods.pidguard.io': 'Deny'
  })
  t.match(textOf('requests: {cpu: 15m}'), /15m.*pids-estimate/)
  t.notMatch(textOf('rules: {resource-requests: warn}'), '/resources/requests')
  t.notMatch(textOf('rules: {pid-annotations: off}'), 'pids-estimate')
  t.equal(textOf('rules: {pid-annotations: warn, resource-requests: audit}'), '[]')
  const split = 'overrides: [{name: batch, namespaces: {names: [batch]}, requests: {cpu: 20m}}]'
  t.strictSame(
    Object.keys(actionsOf(fill(split)))
      .filter((name) => name.startsWith('pods'))
      .sort(),
    ['pods.batch.pidguard.io', 'pods.pidguard.io']
  )
})

void t.test('a server gets what it has', async (t) => {
  t.throws(() => emitted('', { server: 29 }), { code: 'ERR_USAGE', message: /v1.30 or newer.*v1.29/ })
  t.throws(() => emitted('', { server: 36, static: 'mutating' }), {
    code: 'ERR_USAGE',
    message: /v1.37 or newer.*v1.36/
  })
  t.throws(() => emitted('', { server: 35, fillPods: true }), { code: 'ERR_USAGE', message: /v1.36 or newer.*v1.35/ })
  t.throws(() => emitted('', { fallback: true, fillPods: true }), { code: 'ERR_USAGE', message: '--fallback' })
  for (const fallback of [false, true]) {
    const old = emitted('', { server: 35, fallback })
    t.notOk(old.objects.some(({ kind }) => kind.startsWith('Mutating')))
    t.match(old.remarks.join('\n'), 'v1.36')
    // Without MutatingAdmissionPolicy nobody takes a false mark away, so the mark means nothing.
    t.notMatch(JSON.stringify(old.objects), 'not-seen-by-the-webhook')
  }
  t.ok(emitted('', { server: 36 }).objects.some(({ kind }) => kind === 'MutatingAdmissionPolicy'))
})

void t.test('for v1.30 nothing is newer than its library of CEL', async (t) => {
  // Two variables of a comprehension came with v1.32, more of lists with v1.33 and v1.34: kubernetes.io/docs/reference/using-api/cel.
  const newer =
    /\.(transformList|transformMap|transformMapEntry|reverse|flatten|distinct|slice|first|last|sort|sortBy)\(|lists\.range|format\./
  for (const server of [30, 34, 35]) {
    for (const fallback of [false, true]) {
      for (const { metadata, spec } of emitted(rich, { server, fallback }).objects)
        t.notMatch(JSON.stringify(spec), newer, `${server}: ${metadata.name}`)
    }
  }
  t.match(JSON.stringify(emitted(rich, { fillPods: true }).objects), newer, 'where it may be, it is there')
})

void t.test(
  'for files: one kind for each folder, with names that only files have, and a guard of our own objects',
  async (t) => {
    const [validating, mutating] = (['validating', 'mutating'] as const).map(
      (kind) => emitted(rich, { static: kind }).objects
    )
    t.ok(
      validating?.every(
        ({ kind, metadata }) => kind.startsWith('Validating') && metadata.name.endsWith('.pidguard.static.k8s.io')
      )
    )
    t.ok(
      mutating?.every(
        ({ kind, metadata }) => kind.startsWith('Mutating') && metadata.name.endsWith('.pidguard.static.k8s.io')
      )
    )
    t.ok(validating?.some(({ metadata }) => metadata.name === 'protect.pidguard.static.k8s.io'))
    t.ok(validating?.every(({ spec }) => spec.policyName?.endsWith('.static.k8s.io') !== false))
  }
)

void t.test('the text reads back as the objects, below comments that say what they do not do', async (t) => {
  const made = emit(defaultPolicy(policyRules), policyRules, usual, now)
  const text = renderEmitted(made, 'pidguard emit')
  const head = text.slice(0, text.indexOf('\napiVersion'))
  t.match(head, /^# Made by pidguard emit\. /)
  t.ok(
    head.split('\n').every((line) => line.startsWith('#') && line.length <= 120),
    head
  )
  t.match(head, 'pid-headroom')
  const read = parseAllDocuments(text).map((document) => document.toJS())
  t.strictSame(read, JSON.parse(JSON.stringify(made.objects)))
})
