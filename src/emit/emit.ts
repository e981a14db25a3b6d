import type { Rule } from '../engine/rule.ts'
import { AppError } from '../errors.ts'
import type { Millis } from '../lib/units.ts'
import type { Policy } from '../policy/policy.ts'
import type { EmittedObject } from './emitted-object.ts'
import { besideWebhook, unmark } from './fallback.ts'
import { calicoFixes } from './fixes/calico-fix.ts'
import { mutatingObjects } from './fixes/mutating.ts'
import { podFixes } from './fixes/pod-fix.ts'
import { type Remark, remarksOf } from './remarks.ts'
import { asStatic, guard } from './static.ts'
import { type Sources, validatingObjects, validatingPolicies } from './validating.ts'

export interface EmitOptions {
  /** The minor version of the API server. */
  readonly server: number
  /** The webhook runs in the same cluster: only what has to hold while it does not answer. */
  readonly fallback: boolean
  readonly noLimitRanges: boolean
  /** Write requests and estimates on Pods too. */
  readonly fillPods: boolean
  /** For `--admission-control-config-file`: one folder for each kind. */
  readonly static: 'validating' | 'mutating' | undefined
}

export interface Emitted {
  readonly objects: readonly EmittedObject[]
  /** What these objects do not do, for people. */
  readonly remarks: readonly Remark[]
}

/** Kubernetes has ValidatingAdmissionPolicy in v1 from v1.30, MutatingAdmissionPolicy from v1.36; policies from files from v1.37. */
const first = { validating: 30, mutating: 36, static: 37 } as const

export const firstWithPolicies = first.validating

/**
 * The rules that look at nothing but the object, as policies of the API server itself: the same verdict without a webhook. No
 * parameters: all values are literals. Throws ERR_USAGE for a server that has none.
 */
export function emit(policy: Policy, rules: readonly Rule[], options: EmitOptions, now: Millis): Emitted {
  const { server, fallback, noLimitRanges, fillPods } = options
  if (server < first.validating)
    throw new AppError(
      'ERR_USAGE',
      `expected Kubernetes v1.${first.validating} or newer, which has ValidatingAdmissionPolicy in v1, found v1.${server}`
    )
  if (options.static !== undefined && server < first.static)
    throw new AppError('ERR_USAGE', `--static: expected Kubernetes v1.${first.static} or newer, found v1.${server}`)
  if (fillPods && server < first.mutating)
    throw new AppError(
      'ERR_USAGE',
      `--fill-pods: expected Kubernetes v1.${first.mutating} or newer, found v1.${server}`
    )
  if (fillPods && fallback)
    throw new AppError(
      'ERR_USAGE',
      '--fill-pods is not for --fallback: beside it, the webhook fills Pods, and marks those that it saw'
    )
  const sources: Sources = { policy, rules, now, target: { server, noLimitRanges, fillPods } }
  const mutates = server >= first.mutating
  const validating = validatingPolicies(sources)
  const checks = (fallback ? besideWebhook(validating, mutates) : validating).flatMap(validatingObjects)
  const fixes = mutates
    ? [
        ...calicoFixes(sources, fallback),
        ...(fallback ? [unmark(sources)] : []),
        ...(fillPods ? podFixes(sources) : [])
      ].flatMap(mutatingObjects)
    : []
  return { objects: chosen(checks, fixes, options.static), remarks: remarksOf(sources, { fallback, mutates }) }
}

function chosen(
  checks: readonly EmittedObject[],
  fixes: readonly EmittedObject[],
  files: EmitOptions['static']
): readonly EmittedObject[] {
  switch (files) {
    case undefined:
      return [...checks, ...fixes]
    case 'validating':
      return [...asStatic(checks), ...guard]
    case 'mutating':
      return asStatic(fixes)
  }
}
