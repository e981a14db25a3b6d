import type { JsonRecord } from '../../lib/json/shape.ts'
import { kindMistake, versionMistake, whyOfOtherTool } from '../kind-mistake.ts'
import { type GroupKind, groupKindOf, groupOf } from '../workloads.ts'
import { holdsPods } from './pod-templates.ts'
import { whyWithoutTemplate } from './template-places.ts'

/** What is to be said of the kind of an object. */
export type KindRemark =
  /** No API server takes it: a mistake, in words. */
  { readonly mistake: string } | Unchecked

/** An object that makes pods, or is none of Kubernetes, and is not checked. */
interface Unchecked {
  readonly groupKind: GroupKind
  /** The kind and why, as after a count. */
  readonly unchecked: string
  /** Whether pods are seen in it; else it names others that hold them. */
  readonly holdsPods: boolean
}

/**
 * What files are told of a kind; undefined: nothing, as of a ConfigMap. `isChecked`: rules look at the object, or at a template
 * in it, so only its version may be wrong.
 */
export function remarkOnKind(object: JsonRecord, isChecked: boolean): KindRemark | undefined {
  const [version, name] = [String(object['apiVersion']), String(object['kind'])]
  const wrong = versionMistake(version, name)
  if (wrong !== undefined) return { mistake: wrong }
  if (isChecked) return undefined
  const group = groupOf(version)
  const mistake = kindMistake(group, version.slice(version.indexOf('/') + 1), name)
  if (mistake !== undefined) return { mistake }
  const groupKind = groupKindOf(group, name)
  const isOther = whyOfOtherTool(group)
  const makesPods = holdsPods(groupKind, object)
  if (isOther !== undefined && makesPods) return { mistake: `${name} of ${version}: ${isOther}` }
  const why = isOther ?? whyWithoutTemplate(groupKind)
  if (why === undefined && !makesPods) return undefined
  const reason = why === undefined ? ', which seem to hold pods, of a kind that pidguard does not know' : `: ${why}`
  return { groupKind, unchecked: `${name} (${version})${reason}`, holdsPods: makesPods }
}

/** Objects that are not checked, one line for each kind. */
export class UncheckedKinds {
  readonly #counts = new Map<string, { readonly remark: Unchecked; count: number }>()

  add(remark: Unchecked): void {
    const held = this.#counts.get(remark.unchecked)
    if (held === undefined) this.#counts.set(remark.unchecked, { remark, count: 1 })
    else held.count++
  }

  /** `isSaid`: what is reported in another place too, as a part of an audit that could not be looked at. */
  notes(isSaid: (remark: Unchecked) => boolean = () => false): string[] {
    return [...this.#counts.values()].flatMap(({ remark, count }) =>
      isSaid(remark) ? [] : [`not checked: ${count} ${remark.unchecked}`]
    )
  }
}
