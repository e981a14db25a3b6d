import type { BaseSettings } from '../policy/policy.ts'
import type { Cel, Variable } from './cel.ts'
import type { Condition, Part } from './parts.ts'

/** What one rule finds, in words of CEL. */
export interface CelFinding {
  /** Whether the rule finds something. */
  readonly when: Cel
  /** Whether it never denies; see `Finding.advisory`. */
  readonly advisory: Cel
  readonly reason: Cel
  readonly detail: Cel
  readonly pointer: Cel
  readonly remedy: string
  /** Where another remedy fits. */
  readonly otherwise?: { readonly when: Cel; readonly remedy: string }
}

/** What one rule looks at in one part of the API. */
export interface CelCheck {
  readonly part: Part
  /**
   * Hold wherever it finds anything. The API server asks them first: of an object that gets past them it evaluates each message too, found
   * or not, so what most objects fail here is what makes a policy cheap.
   */
  readonly conditions?: readonly Condition[]
  /** The same for what only advises. */
  readonly adviceConditions?: readonly Condition[]
  readonly variables: readonly Variable[]
  readonly findings: readonly CelFinding[]
}

/** What a policy is emitted for. */
export interface Target {
  /** The minor version of the API server. */
  readonly server: number
  /** No LimitRange fills pods anywhere: what a template will meet is known. */
  readonly noLimitRanges: boolean
  /** What is missing in Pods is filled in too. */
  readonly fillPods: boolean
}

/** A rule of src/rules that looks at nothing but the object, in words of CEL. */
export interface CelRule {
  readonly id: string
  /** What of the settings it reads, besides its mode: layers that agree in it share their policies. */
  reads(settings: BaseSettings): unknown
  /** `isExempt`: from a rule that this one relies on. */
  checks(settings: BaseSettings, remedy: string, target: Target, isExempt: (ruleId: string) => Cel): readonly CelCheck[]
  /** Why these settings leave the rule out, in words for people; undefined: they do not. */
  leftOut?(settings: BaseSettings, target: Target): string | undefined
}
