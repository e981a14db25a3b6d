import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import jsonpatch, { type Operation } from 'fast-json-patch'
import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { evaluate, type JudgingInput } from '../../src/engine/evaluate.ts'
import { type Mutation, mutate } from '../../src/engine/mutate.ts'
import { RuleIndex } from '../../src/engine/rule-index.ts'
import { AppError } from '../../src/errors.ts'
import { pidsEstimate, pidsEstimateSource, pidsLimit } from '../../src/kubernetes/annotations.ts'
import { isOperatorManaged } from '../../src/kubernetes/calico/felix.ts'
import { isBestEffort, mayDecideAtPodLevel, qosClassOf } from '../../src/kubernetes/qos/qos.ts'
import { parseQuantity } from '../../src/kubernetes/qos/quantity.ts'
import type { PodSubject, Subject } from '../../src/kubernetes/subject.ts'
import type { Container, PodSpec, ResourceList, ResourceRequirements } from '../../src/kubernetes/types.ts'
import type { PatchOperation } from '../../src/lib/json/patch.ts'
import { escapeToken, tokensOf } from '../../src/lib/json/pointer.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { RuleFinding } from '../../src/model/finding.ts'
import type { Settings } from '../../src/policy/settings.ts'
import { rules } from '../../src/rules/index.ts'
import { anyObject, anySettings, calico, malformedObject, pod, podSpec, soundPod } from '../support/arbitraries.ts'
import { settings } from '../support/settings.ts'
import { subjectFrom } from '../support/subjects.ts'

const index = new RuleIndex(rules)
const runs = { numRuns: 400 }

function snapshot(held: Settings): JudgingInput {
  return { settings: held, facts: {}, exemption: () => undefined }
}

/** A copy as it would come over the wire. */
function wire(object: JsonRecord): JsonRecord {
  return JSON.parse(JSON.stringify(object)) as JsonRecord
}

function mutated(object: JsonRecord, held: Settings): { subject: Subject; mutation: Mutation } {
  const subject = subjectFrom(wire(object))
  return { subject, mutation: mutate(subject, index.rulesFor(subject), snapshot(held)) }
}

function applied(object: JsonRecord, operations: readonly PatchOperation[]): JsonRecord {
  return jsonpatch.applyPatch(wire(object), wire({ operations } as JsonRecord)['operations'] as Operation[], true)
    .newDocument
}

void t.test('the operations, applied to the original, give exactly the mended object', async () => {
  fc.assert(
    fc.property(anyObject, anySettings, (object, held) => {
      const { subject, mutation } = mutated(object, held)
      fc.pre(mutation.verdict.faults.length === 0)
      return isDeepStrictEqual(applied(object, mutation.operations), wire(subject.object as JsonRecord))
    }),
    runs
  )
})

void t.test('a fix never fails on an object that could be read, but for a malformed one', async (t) => {
  fc.assert(
    fc.property(anyObject, anySettings, (object, held) => {
      const { faults } = mutated(object, held).mutation.verdict
      for (const { error } of faults) t.ok(error instanceof AppError && error.code === 'ERR_OBJECT_MALFORMED')
    }),
    runs
  )
})

void t.test('what was mended once is not changed again', async () => {
  fc.assert(
    fc.property(anyObject, anySettings, (object, held) => {
      const { operations } = mutated(object, held).mutation
      return mutated(applied(object, operations), held).mutation.operations.length === 0
    }),
    runs
  )
})

void t.test('the parent of every operation exists when its turn comes', async () => {
  fc.assert(
    fc.property(anyObject, anySettings, (object, held) => {
      let document = wire(object)
      for (const operation of mutated(object, held).mutation.operations) {
        if (!hasParent(document, operation)) return false
        document = applied(document, [operation])
      }
      return true
    }),
    runs
  )
})

/** By RFC 6902 §4: the holder is there; for replace and remove the member too. */
function hasParent(document: unknown, { op, path }: PatchOperation): boolean {
  const tokens = tokensOf(path)
  let holder = document
  for (const token of tokens.slice(0, -1)) {
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, token)) return false
    holder = (holder as JsonRecord)[token]
  }
  if (typeof holder !== 'object' || holder === null) return false
  const last = tokens.at(-1) as string
  if (op !== 'add') return Object.hasOwn(holder, last)
  return !Array.isArray(holder) || last === '-' || Number(last) <= holder.length
}

const containersAt = '/spec/(initContainers|containers)/\\d+'
const ownedByPodRules = [
  ...[pidsEstimate, pidsEstimateSource, pidsLimit].map((name) => `/metadata/annotations/${escapeToken(name)}`),
  `${containersAt}/resources/requests/(cpu|memory)`,
  `${containersAt}/env/(0|-)/(name|value)`
].map((pattern) => new RegExp(`^${pattern}$`))
const ownedByCalicoRules = [/^\/spec\/updateStrategy\/type$/, /^\/spec\/template\/spec\/containers\/\d+\/env(\/|$)/]

void t.test('no operation touches what no rule owns', async (t) => {
  fc.assert(
    fc.property(anyObject, anySettings, (object, held) => {
      const { operations } = mutated(object, held).mutation
      const owned = object['kind'] === 'Pod' ? ownedByPodRules : ownedByCalicoRules
      for (const operation of operations) {
        const leaves = operation.op === 'remove' ? [operation.path] : leavesOf(operation.path, operation.value)
        for (const leaf of leaves) if (!owned.some((pattern) => pattern.test(leaf))) t.fail(leaf)
      }
    }),
    runs
  )
})

function leavesOf(pointer: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [pointer]
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(`${pointer}/${escapeToken(key)}`, inner))
}

void t.test('only Pods and the DaemonSets of Felix are changed, never another template', async () => {
  fc.assert(
    fc.property(anyObject, anySettings, (object, held) => {
      const { mutation } = mutated(object, held)
      return (
        mutation.operations.length === 0 ||
        object['kind'] === 'Pod' ||
        (object['kind'] === 'DaemonSet' && mutation.fixedBy.every((id) => id.startsWith('calico-')))
      )
    }),
    runs
  )
})

void t.test('annotations, variables and requests that people wrote are kept', async () => {
  fc.assert(
    fc.property(pod, anySettings, (object, held) => {
      const before = subjectFrom(wire(object)) as PodSubject
      const after = subjectFrom(applied(object, mutated(object, held).mutation.operations)) as PodSubject
      const ours = [pidsEstimate, pidsEstimateSource, pidsLimit]
      for (const [key, value] of Object.entries(before.metadata.annotations ?? {})) {
        if (
          !ours.includes(key) &&
          Object.entries(after.metadata.annotations ?? {}).every(([k, v]) => k !== key || v !== value)
        )
          return false
      }
      return (['containers', 'initContainers'] as const).every((list) =>
        (before.podSpec[list] ?? []).every((container, i) => {
          const now = after.podSpec[list]?.[i]
          const env = container.env ?? []
          return (
            isDeepStrictEqual(now?.env?.slice(0, env.length) ?? [], env) &&
            isDeepStrictEqual(now?.resources?.limits, container.resources?.limits) &&
            keepsRequests(container.resources, now?.resources)
          )
        })
      )
    }),
    runs
  )
})

function keepsRequests(before: ResourceRequirements | null | undefined, after: typeof before): boolean {
  return Object.entries(before?.requests ?? {}).every(
    ([name, quantity]) => !((parseQuantity(quantity) ?? 0n) > 0n) || after?.requests?.[name] === quantity
  )
}

void t.test('a Guaranteed pod stays Guaranteed, its resources as they were', async () => {
  let seen = 0
  fc.assert(
    fc.property(pod, anySettings, (object, held) => {
      const before = subjectFrom(wire(object)) as PodSubject
      fc.pre(qosClassOf(before.podSpec) === 'Guaranteed')
      seen++
      const after = subjectFrom(applied(object, mutated(object, held).mutation.operations)) as PodSubject
      return qosClassOf(after.podSpec) === 'Guaranteed' && isDeepStrictEqual(resourcesOf(after), resourcesOf(before))
    }),
    { numRuns: 60, maxSkipsPerRun: 1_000 }
  )
  t.ok(seen >= 60)
})

function resourcesOf({ podSpec }: PodSubject): unknown {
  return [podSpec.resources, podSpec.containers, podSpec.initContainers].map((part) =>
    Array.isArray(part) ? part.map(({ resources }) => resources) : part
  )
}

void t.test('no mutation lowers the QoS class of a pod', async () => {
  const order = ['BestEffort', 'Burstable', 'Guaranteed']
  fc.assert(
    fc.property(pod, anySettings, (object, held) => {
      const after = applied(object, mutated(object, held).mutation.operations)
      const [was, is] = [object, after].map((each) =>
        order.indexOf(qosClassOf((subjectFrom(each) as PodSubject).podSpec))
      )
      return (is as number) >= (was as number)
    }),
    runs
  )
})

void t.test('a BestEffort pod stays as it is where the policy rejects such pods', async () => {
  fc.assert(
    fc.property(pod, anySettings, (object, held) => {
      fc.pre(held.requests.bestEffortPods === 'reject')
      fc.pre(qosClassOf((subjectFrom(object) as PodSubject).podSpec) === 'BestEffort')
      return !mutated(object, held).mutation.fixedBy.includes('resource-requests')
    }),
    { numRuns: 60, maxSkipsPerRun: 1_000 }
  )
})

void t.test('validate accepts what mutate has filled: a Pod, where the policy injects', async (t) => {
  const held = settings({ requests: { bestEffortPods: 'inject' } })
  fc.assert(
    fc.property(soundPod, (object) => {
      const after = subjectFrom(applied(object, mutated(object, held).mutation.operations)) as PodSubject
      const denials = deniedBy(after, held)
      for (const { ruleId, detail } of denials) {
        if (ruleId !== 'best-effort' || isFillable(after.podSpec)) t.fail(`${ruleId}: ${detail}`)
      }
    }),
    runs
  )
})

/** Whether a BestEffort pod has room for a request: no pod-level resources, and a place without a limit or a request of zero. */
function isFillable(spec: PodSpec): boolean {
  if (mayDecideAtPodLevel(spec, undefined)) return false
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].some(({ resources }) =>
    ['cpu', 'memory'].some(
      (name) => resources?.limits?.[name] === undefined && resources?.requests?.[name] === undefined
    )
  )
}

void t.test(
  'validate accepts what mutate has mended: a DaemonSet of Felix, where the policy names a backend',
  async (t) => {
    const held = settings({ calico: { iptablesBackend: 'NFT' }, modes: { 'best-effort': 'off' } })
    let mended = 0
    fc.assert(
      fc.property(calico, (object) => {
        const { operations } = mutated(object, held).mutation
        mended += Math.min(1, operations.length)
        const after = subjectFrom(applied(object, operations))
        const wrongPids = (finding: RuleFinding): boolean => finding.ruleId === 'pid-annotations'
        const denials = deniedBy(after, held).filter((finding) => !wrongPids(finding))
        if (!isOperatorManaged(after)) t.strictSame(denials, [])
      }),
      runs
    )
    t.ok(mended > 0)
  }
)

function deniedBy(subject: Subject, held: Settings): readonly RuleFinding[] {
  const verdict = evaluate(subject, index.rulesFor(subject), snapshot(held))
  return decide(subject, verdict, held).findings.filter(({ action }) => action === 'deny')
}

void t.test('an advisory finding never denies, and a decision denies only for what stands in it', async () => {
  fc.assert(
    fc.property(anyObject, anySettings, (object, held) => {
      const subject = subjectFrom(wire(object))
      const verdict = evaluate(subject, index.rulesFor(subject), snapshot(held))
      const decision = decide(subject, verdict, held)
      const denials = decision.findings.filter(({ action }) => action === 'deny')
      return (
        denials.every(({ advisory, ruleId }) => advisory !== true && held.modes.get(ruleId) === 'enforce') &&
        decision.allowed ===
          (denials.length === 0 && verdict.faults.every(({ ruleId }) => held.modes.get(ruleId) !== 'enforce')) &&
        decision.allowed === (decision.message === '') &&
        decision.warnings.length <= 10 &&
        decision.warnings.every((line) => line.length <= 120)
      )
    }),
    runs
  )
})

void t.test('whatever stands in an object, it is judged, or refused as malformed', async (t) => {
  fc.assert(
    fc.property(malformedObject, malformedObject, anySettings, fc.boolean(), (object, oldObject, held, isUpdate) => {
      let subject: Subject
      try {
        subject = subjectFrom(wire(object), isUpdate ? { operation: 'UPDATE', oldObject } : {})
      } catch (error) {
        if (!isMalformed(error)) throw error
        return
      }
      const matched = index.rulesFor(subject)
      const verdicts = [evaluate(subject, matched, snapshot(held)), mutate(subject, matched, snapshot(held)).verdict]
      for (const verdict of verdicts) {
        decide(subject, verdict, held)
        for (const { ruleId, error } of verdict.faults) {
          if (!isMalformed(error)) t.fail(`${ruleId}: ${String(error)}`, { object })
        }
      }
    }),
    { numRuns: 3_000 }
  )
})

function isMalformed(error: unknown): boolean {
  return error instanceof AppError && error.code === 'ERR_OBJECT_MALFORMED'
}

void t.test('the QoS class is the one Kubernetes computes', async () => {
  fc.assert(
    fc.property(podSpec, (spec) => {
      // The API server refuses requests and limits below zero, so no such pod has a class.
      fc.pre(!/[":]-\d/.test(JSON.stringify(spec)))
      for (const server of [33, 34, 36, 37]) {
        const expected = classByKubernetes(spec as PodSpec, server)
        if (qosClassOf(spec as PodSpec, server) !== expected) return false
        if (isBestEffort(spec as PodSpec, server) !== (expected === 'BestEffort')) return false
      }
      return true
    }),
    { numRuns: 1_500 }
  )
})

/**
 * pkg/apis/core/v1/helper/qos/qos.go ComputePodQOS over pkg/apis/core/v1/defaults.go SetDefaults_Pod, written down
 * once more as plainly as it can be said; nothing of src/ but the reader of quantities is used.
 */
function classByKubernetes(spec: PodSpec, server: number): string {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ resources }) =>
    withRequests(resources)
  )
  const own = { requests: spec.resources?.requests ?? {}, limits: spec.resources?.limits ?? {} }
  const holdsOwn = [own.requests, own.limits].some((list) =>
    Object.keys(list).some((name) => /^(cpu|memory|hugepages-.*)$/.test(name))
  )
  const isThere = spec.resources !== undefined && spec.resources !== null
  const isOwn = server >= 37 ? holdsOwn : server >= 34 && isThere
  const holders = isOwn ? [withPodDefaults(spec, own, server)] : containers
  const requests = new Map<string, bigint>()
  const limits = new Map<string, bigint>()
  let isGuaranteed = true
  for (const holder of holders) {
    for (const name of ['cpu', 'memory']) {
      const [request, limit] = [amount(holder.requests, name), amount(holder.limits, name)]
      if (request > 0n) requests.set(name, (requests.get(name) ?? 0n) + request)
      if (limit > 0n) limits.set(name, (limits.get(name) ?? 0n) + limit)
      else isGuaranteed = false
    }
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  for (const [name, request] of requests) if (limits.get(name) !== request) isGuaranteed = false
  return isGuaranteed && requests.size === limits.size ? 'Guaranteed' : 'Burstable'
}

interface Lists {
  readonly requests: ResourceList
  readonly limits: ResourceList
}

function withRequests(resources: ResourceRequirements | null | undefined): Lists {
  const limits = resources?.limits ?? {}
  const requests: Record<string, string | number> = { ...resources?.requests }
  for (const [name, limit] of Object.entries(limits)) if (!Object.hasOwn(requests, name)) requests[name] = limit
  return { limits, requests }
}

/**
 * What its containers ask for together, else the limit; before v1.37 only where the pod has limits. Since then also a limit:
 * what its containers are limited to together, where all of them are, but no less than the request.
 */
function withPodDefaults(spec: PodSpec, own: Lists, server: number): Lists {
  if (server < 37 && Object.keys(own.limits).length === 0) return own
  const requests: Record<string, string | number> = { ...own.requests }
  const limits: Record<string, string | number> = { ...own.limits }
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  for (const name of ['cpu', 'memory']) {
    const request = together(spec, ({ resources }) => withRequests(resources).requests[name])
    if (!Object.hasOwn(requests, name)) {
      if (request !== undefined) requests[name] = `${request}n`
      else if (own.limits[name] !== undefined) requests[name] = own.limits[name]
    }
    const limit = together(spec, ({ resources }) => resources?.limits?.[name] ?? undefined)
    const isLimited = all.every(({ resources }) => (resources?.limits?.[name] ?? undefined) !== undefined)
    if (server < 37 || limit === undefined || !isLimited || limits[name] !== undefined || requests[name] === undefined)
      continue
    const least = amount(requests, name)
    limits[name] = `${least > limit ? least : limit}n`
  }
  return { limits, requests }
}

function together(spec: PodSpec, sizeOf: (container: Container) => string | number | undefined): bigint | undefined {
  let sidecars = 0n
  let most = 0n
  let isAsked = false
  const size = (container: Container): bigint => {
    const text = sizeOf(container)
    const quantity = text === undefined ? undefined : parseQuantity(text)
    isAsked ||= quantity !== undefined
    return quantity ?? 0n
  }
  for (const container of spec.initContainers ?? []) {
    const now = sidecars + size(container)
    if (container.restartPolicy === 'Always') sidecars = now
    if (now > most) most = now
  }
  let sum = sidecars
  for (const container of spec.containers ?? []) sum += size(container)
  if (!isAsked) return undefined
  return sum > most ? sum : most
}

function amount(list: ResourceList, name: string): bigint {
  const text = list[name]
  return text === undefined ? 0n : (parseQuantity(text) ?? 0n)
}
